import path from 'node:path';
import { type JSONPath, modify, parse } from 'jsonc-parser';
import * as vscode from 'vscode';
import type { ReadyContext } from '../context';

const formattingOptions = { insertSpaces: true, tabSize: 2, eol: '\n' };

/**
 * Adds what was applied to whence.json as a model of its own, beside the one it came from; one undo step.
 *
 * @param of the original's name in whence.json @param folder absolute
 */
export async function addPrunedModel(
  of: string,
  folder: string,
  form: 'adapter' | 'model',
  { language }: ReadyContext,
): Promise<void> {
  const { workspaceFile } = await language.request('whence/state', null);
  if (workspaceFile === null)
    throw new Error(vscode.l10n.t('There is no whence.json. Run “Whence: Set Up Workspace…” first.'));
  const document = await vscode.workspace.openTextDocument(workspaceFile);
  const { name, text } = withPrunedModel(
    document.getText(),
    of,
    path.relative(path.dirname(workspaceFile), folder),
    form,
  );
  const edit = new vscode.WorkspaceEdit();
  const whole = new vscode.Range(document.positionAt(0), document.positionAt(document.getText().length));
  edit.replace(document.uri, whole, text);
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error(vscode.l10n.t('whence.json could not be written.'));
  await document.save();
  const editor = await vscode.window.showTextDocument(document);
  const at = document.positionAt(Math.max(0, document.getText().indexOf(JSON.stringify(name))));
  editor.revealRange(new vscode.Range(at, at));
}

/** The text of whence.json with one more model, comments and all; its name is free there. @param place relative to it */
export function withPrunedModel(
  text: string,
  of: string,
  place: string,
  form: 'adapter' | 'model',
): { readonly name: string; readonly text: string } {
  const value: unknown = parse(text, [], { allowTrailingComma: true });
  const models = memberOf(value, 'models') ?? {};
  // A run belongs to the original: nobody trained the pruned one.
  const { run: _, ...original } = (memberOf(models, of) ?? {}) as Readonly<Record<string, unknown>>;
  const { adapter: __, ...withoutAdapter } = original;
  const found = form === 'adapter' ? { ...original, adapter: place } : { ...withoutAdapter, path: place };
  let name = path.posix.basename(place);
  for (let n = 2; memberOf(models, name) !== undefined; n++) name = `${path.posix.basename(place)}-${n}`;
  const at: JSONPath = ['models', name];
  const edits = modify(text, at, found, { formattingOptions });
  const changed = [...edits]
    .sort((a, b) => b.offset - a.offset)
    .reduce((now, { offset, length, content }) => now.slice(0, offset) + content + now.slice(offset + length), text);
  return { name, text: changed };
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}
