import * as vscode from 'vscode';
import type { Context, ReadyContext } from '../context';
import { chooseTrace } from './chooseTrace';
import { endOf, runJob } from './runJob';
import { tellResult } from './tellResult';

/** Cancels a job of the view, or the one that runs. */
export async function cancelJob({ language, jobs }: ReadyContext, target: unknown): Promise<void> {
  const id = idOf(target) ?? jobs.current()?.id;
  if (id !== undefined) await language.request('whence/cancelJob', { id });
}

/** The same job again; what it computed before is kept. */
export async function resumeJob(context: ReadyContext, target: unknown): Promise<void> {
  const { language, jobs } = context;
  const ended = jobs.list().find(({ state }) => state === 'cancelled' || state === 'failed');
  const before = idOf(target) ?? ended?.id;
  if (before === undefined) return;
  const { id } = await language.request('whence/resumeJob', { id: before });
  const source = new vscode.CancellationTokenSource();
  const view = await endOf(id, language, source.token);
  source.dispose();
  if (view.state !== 'done' || (view.kind !== 'trace' && view.kind !== 'retrace')) return;
  await openJobResult(context, { id });
  await tellResult(context);
}

/** Shows what a job came to, where it has a place. */
export async function openJobResult(context: ReadyContext, target: unknown): Promise<void> {
  const id = idOf(target);
  const result = id === undefined ? null : await context.language.request('whence/jobResult', { id });
  if (result === null) return;
  if (result.kind === 'trace' || result.kind === 'retrace') {
    await chooseTrace(context, result.trace);
    await vscode.commands.executeCommand('whence.findings.focus');
  }
  if (result.kind === 'ask') await vscode.commands.executeCommand('whence.ask');
  if (result.kind === 'verify') await vscode.commands.executeCommand('whence.verify', result.trace, result.query);
  if (result.kind === 'probe') await vscode.commands.executeCommand('whence.showProbingPanel', result.analysis);
  if (result.kind === 'prunePropose') await vscode.commands.executeCommand('whence.showPruningPanel', result.analysis);
  if (result.kind === 'test') await vscode.commands.executeCommand('workbench.view.testing.focus');
}

export function clearJobs({ jobs }: Context): void {
  jobs.clear();
}

/** Gradients of every row, so that traces find them. */
export async function indexRows(context: ReadyContext): Promise<void> {
  await runJob({ kind: 'index', model: null }, context);
}

/** Every behaviour test, as the Testing view runs them. */
export async function runBehaviours({ behaviours }: ReadyContext): Promise<void> {
  await behaviours.refresh();
  await vscode.commands.executeCommand('workbench.view.testing.focus');
  await vscode.commands.executeCommand('testing.runAll');
}

function idOf(target: unknown): string | undefined {
  return typeof target === 'object' && target !== null && 'id' in target ? String(target.id) : undefined;
}
