/**
 * acts/ turns what a user wants done with rows into edits of text files, which the editor applies as one undo step. It
 * makes none itself: `data/edits` does; and it writes nothing.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { quarantinedName, quarantineName, quarantineRows } from '../../data/edits/quarantineRows';
import { restoreRows } from '../../data/edits/restoreRows';
import { foldRow, unfoldRow } from '../../data/edits/rowPages';
import { setRowWeight } from '../../data/edits/setRowWeight';
import type { TextEdit } from '../../data/edits/textEdit';
import { splitLines } from '../../data/edits/textLines';
import { dataLimits } from '../../data/limits';
import type { Act, ActEdit, RowPage } from '../../protocol/editor';
import type { RowReference } from '../../protocol/editorJobs';
import { inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { ServerContext } from '../context';
import { requireJsonLines } from './lineFormats';
import { findText, openText } from './openText';
import { weightField } from './weightField';
import { type FileEdits, workspaceEdit } from './workspaceEdit';

type ActsContext = Pick<ServerContext, 'documents' | 'workspace' | 'traces' | 'findings' | 'texts'>;

/** @throws UserError where rows cannot be changed: it says why and what to do */
export async function makeAct(act: Act, context: ActsContext): Promise<ActEdit> {
  switch (act.kind) {
    case 'quarantine':
      return quarantine(act, context);
    case 'downWeight':
      return downWeight(act, context);
    case 'restore':
      return restore(act, context);
    case 'editRow':
      return editRow(act, context);
  }
}

/** A row to be edited on a page of its own; null: there is none on the line. */
export function rowPage({ uri, line }: RowReference, context: ActsContext): RowPage | null {
  const { file, text } = openText(context, uri);
  requireJsonLines(file);
  const lines = splitLines(text);
  if (line < 0 || line >= lines.count || lines.text(line).trim() === '') return null;
  return { text: unfoldRow(lines.text(line), dataLimits), hash: sha256(lines.text(line)) };
}

function quarantine({ rows, reason }: Extract<Act, { kind: 'quarantine' }>, context: ActsContext): ActEdit {
  const date = new Date().toISOString();
  const files: FileEdits[] = [];
  let moved = 0;
  const names = new Set<string>();
  for (const [uri, chosen] of byFile(rows)) {
    const data = openText(context, uri);
    requireJsonLines(data.file);
    if (quarantinedName(path.basename(data.file)) !== undefined)
      throw inputError('in-quarantine', 'These rows are in quarantine already.', 'Restore them, or delete them.');
    const kept = findText(context, pathToFileURL(quarantineName(data.file)).href);
    const of = (_line: number, text: string) => ({
      reason,
      hash: context.findings.hashOf(text) ?? null,
      trace: context.traces.shown()?.active.trace ?? null,
    });
    const about = { file: path.basename(data.file), date, of };
    const edits = quarantineRows(data.text, kept.text, chosen, about, dataLimits);
    files.push({ target: kept, edits: edits.quarantine }, { target: data, edits: edits.data });
    moved += edits.moved.length;
    names.add(path.basename(kept.file));
  }
  requireRows(moved);
  return actEdit(files, context.texts.say('act.moved', { count: moved, files: [...names].join(', ') }));
}

async function downWeight(
  { rows, weight }: Extract<Act, { kind: 'downWeight' }>,
  context: ActsContext,
): Promise<ActEdit> {
  if (!Number.isFinite(weight) || weight < 0)
    throw inputError('row-weight', `A row cannot have the weight ${weight}.`, 'Give a number of 0 or more.');
  const files: FileEdits[] = [];
  let found = 0;
  for (const [uri, chosen] of byFile(rows)) {
    const target = openText(context, uri);
    requireJsonLines(target.file);
    const lines = splitLines(target.text);
    const field = await weightField(target, lines, context.workspace);
    const edits: TextEdit[] = [];
    for (const line of chosen) {
      if (line >= lines.count || lines.text(line).trim() === '') continue;
      found += 1;
      const edit = setRowWeight(lines.text(line), field, weight, dataLimits);
      if (edit !== undefined) edits.push({ ...edit, offset: lines.start(line) + edit.offset });
    }
    files.push({ target, edits });
  }
  requireRows(found);
  return actEdit(files, context.texts.say('act.weighted', { count: found, weight }));
}

function restore({ rows }: Extract<Act, { kind: 'restore' }>, context: ActsContext): ActEdit {
  const files: FileEdits[] = [];
  let restored = 0;
  const names = new Set<string>();
  for (const [uri, chosen] of byFile(rows)) {
    const kept = openText(context, uri);
    const name = quarantinedName(path.basename(kept.file));
    if (name === undefined) {
      throw inputError(
        'not-in-quarantine',
        `${path.basename(kept.file)} holds no quarantined rows.`,
        'Open the .quarantine.jsonl file beside the data, and choose rows there.',
      );
    }
    const data = findText(context, pathToFileURL(path.join(path.dirname(kept.file), name)).href);
    const edits = restoreRows(data.text, kept.text, chosen, name, dataLimits);
    files.push({ target: data, edits: edits.data }, { target: kept, edits: edits.quarantine });
    restored += edits.restored.length;
    names.add(name);
  }
  requireRows(restored);
  return actEdit(files, context.texts.say('act.restored', { count: restored, files: [...names].join(', ') }));
}

function editRow({ row, hash, text }: Extract<Act, { kind: 'editRow' }>, context: ActsContext): ActEdit {
  const target = openText(context, row.uri);
  requireJsonLines(target.file);
  const lines = splitLines(target.text);
  const line = lineOf(hash, row.line, lines.count, (at) => sha256(lines.text(at)));
  if (line === undefined) {
    throw inputError(
      'row-changed',
      `The row from line ${row.line + 1} of ${path.basename(target.file)} was changed or removed in the meantime.`,
      'Copy what you wrote, close this page, and open the row again.',
    );
  }
  const before = lines.text(line);
  const after = foldRow(text, before, dataLimits);
  const edits = after === before ? [] : [{ offset: lines.start(line), length: before.length, text: after }];
  return actEdit(
    [{ target, edits }],
    context.texts.say('act.edited', { line: line + 1, file: path.basename(target.file) }),
  );
}

/** Where the line of this hash is now: there, else nearest to there. */
function lineOf(hash: string, line: number, count: number, hashAt: (line: number) => string): number | undefined {
  for (let distance = 0; distance < count; distance++)
    for (const at of distance === 0 ? [line] : [line - distance, line + distance])
      if (at >= 0 && at < count && hashAt(at) === hash) return at;
  return undefined;
}

function byFile(rows: readonly RowReference[]): ReadonlyMap<string, readonly number[]> {
  const files = new Map<string, Set<number>>();
  for (const { uri, line } of rows) {
    if (!Number.isInteger(line) || line < 0) continue;
    const lines = files.get(uri);
    if (lines === undefined) files.set(uri, new Set([line]));
    else lines.add(line);
  }
  return new Map([...files].map(([uri, lines]) => [uri, [...lines]]));
}

function requireRows(count: number): void {
  if (count === 0) throw inputError('no-row', 'There is no row in these lines.', 'Choose lines that hold rows.');
}

function actEdit(files: readonly FileEdits[], summary: string): ActEdit {
  return { edit: workspaceEdit(files) as unknown as JsonObject, summary };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
