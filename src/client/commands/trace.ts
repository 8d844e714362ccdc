import * as vscode from 'vscode';
import type { BehaviourChoice, EditorJob } from '../../protocol/editorJobs';
import type { TraceMethod } from '../../protocol/influence';
import type { ReadyContext } from '../context';
import { answerTo } from './answerTo';
import { askForBehaviour } from './askForBehaviour';
import { runJob } from './runJob';
import { tellResult } from './tellResult';

/** Traces a behaviour that is given or asked for, and shows the rows behind it. */
export async function trace(context: ReadyContext, given: unknown): Promise<void> {
  const behaviour = isBehaviour(given) ? given : await askForBehaviour(context);
  if (behaviour === undefined) return;
  await runTrace({ kind: 'trace', model: null, behaviour, methods: [], rank: 'whenBaseDoesNot' }, context);
}

/** Traces the query in the line of the cursor, or in the line that is given. */
export async function traceQuery(context: ReadyContext, uri: unknown, line: unknown): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const named = typeof uri === 'string' ? uri : editor?.document.uri.toString();
  const at = typeof line === 'number' ? line : editor?.selection.active.line;
  if (named === undefined || at === undefined) return;
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === named);
  // The line is read from disk by whoever traces it.
  if (document?.isDirty === true) await document.save();
  await trace(context, { kind: 'queryLine', uri: named, line: at } satisfies BehaviourChoice);
}

/** Traces the selected text: the model's own answer to it. */
export async function traceSelection(context: ReadyContext): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const text = editor?.document.getText(editor.selection).trim() ?? '';
  if (text === '') {
    void vscode.window.showInformationMessage(vscode.l10n.t('Select the text that the model is to be asked.'));
    return;
  }
  await trace(context, answerTo(text));
}

/** Rows of the shown trace again: those that changed are computed, the others are known. */
export async function retrace(context: ReadyContext): Promise<void> {
  const shown = context.findings.view()?.active;
  if (shown === undefined) return;
  await runTrace({ kind: 'retrace', trace: shown.trace, methods: [], rank: 'whenBaseDoesNot' }, context);
}

/** Ranks rows of the shown trace though its gate says that there is nothing to explain. */
export async function rankAnyway(context: ReadyContext): Promise<void> {
  const shown = context.findings.view()?.active;
  if (shown === undefined) return;
  const job = { kind: 'retrace', trace: shown.trace, methods: [], rank: 'always' } as const;
  await runJob(job, context);
  await context.language.request('whence/activate', shown);
  // Such rows are rarely above the null: all of them are what was asked for.
  context.findings.choose({ ...context.findings.choice(), rows: 'all' });
}

/** The shown trace by one more method, which is then shown. */
export async function traceBy(method: TraceMethod, context: ReadyContext): Promise<void> {
  const shown = context.findings.view()?.active;
  if (shown === undefined) return;
  await runJob({ kind: 'retrace', trace: shown.trace, methods: [method], rank: 'whenBaseDoesNot' }, context);
  await context.language.request('whence/activate', { ...shown, method });
}

/** Puts the first query of a trace beside the rows. */
export async function showTrace(id: string, { language }: ReadyContext): Promise<void> {
  const record = await language.request('whence/trace', { id });
  const method = record?.documents[0]?.method;
  if (method !== undefined) await language.request('whence/activate', { trace: id, query: 0, method });
}

async function runTrace(job: Extract<EditorJob, { kind: 'trace' | 'retrace' }>, context: ReadyContext): Promise<void> {
  const before = context.findings.view()?.active;
  const { trace: id } = await runJob(job, context);
  // What is shown stays shown where it was traced again.
  if (job.kind === 'retrace' && before?.trace === id) await context.language.request('whence/activate', before);
  else await showTrace(id, context);
  await tellResult(context);
}

function isBehaviour(value: unknown): value is BehaviourChoice {
  const kinds: readonly unknown[] = ['queryLine', 'workspaceQueries', 'text'] satisfies BehaviourChoice['kind'][];
  return typeof value === 'object' && value !== null && 'kind' in value && kinds.includes(value.kind);
}
