import * as vscode from 'vscode';
import type { BehaviourChoice } from '../../protocol/editor';
import type { ReadyContext } from '../context';
import { runJob } from './runJob';

/** Asks for a prompt, traces what the model answers, and shows the rows behind it. */
export async function trace(context: ReadyContext, given: unknown): Promise<void> {
  const behaviour = isBehaviour(given) ? given : await askForBehaviour();
  if (behaviour === undefined) return;
  const job = { kind: 'trace', model: null, behaviour, methods: [], rank: 'whenBaseDoesNot' } as const;
  const { trace: id } = await runJob(job, context);
  await showTrace(id, context);
}

/** Traces the query in the line of the cursor, or in the line that is given. */
export async function traceQuery(context: ReadyContext, uri: unknown, line: unknown): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const named = typeof uri === 'string' ? uri : editor?.document.uri.toString();
  const at = typeof line === 'number' ? line : editor?.selection.active.line;
  if (named === undefined || at === undefined) return;
  await trace(context, { kind: 'queryLine', uri: named, line: at } satisfies BehaviourChoice);
}

/** Puts the first query of a trace beside the rows. */
export async function showTrace(id: string, { language }: ReadyContext): Promise<void> {
  const record = await language.request('whence/trace', { id });
  const method = record?.documents[0]?.method;
  if (method !== undefined) await language.request('whence/activate', { trace: id, query: 0, method });
}

async function askForBehaviour(): Promise<BehaviourChoice | undefined> {
  const prompt = await vscode.window.showInputBox({
    title: vscode.l10n.t('Trace'),
    prompt: vscode.l10n.t('What is the model asked? Its own answer is traced.'),
    ignoreFocusOut: true,
  });
  if (prompt === undefined || prompt.trim() === '') return undefined;
  return {
    kind: 'text',
    prompt: { kind: 'text', text: prompt },
    completion: null,
    rejected: null,
    measurement: null,
  };
}

function isBehaviour(value: unknown): value is BehaviourChoice {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
