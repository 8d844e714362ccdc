import * as vscode from 'vscode';
import type { EditorJob } from '../../protocol/editorJobs';
import type { ReadyContext } from '../context';
import { targetRows } from './actsTarget';
import { toggleAnalysisMarks } from './analysisMarks';
import { askForProbe } from './askForProbe';
import { runJob } from './runJob';

export type ProbeJob = Extract<EditorJob, { kind: 'probe' }>;

/** Probes for what is given or asked for; its panel, marks and doubts show what came of it. */
export async function probe(context: ReadyContext, given: unknown): Promise<void> {
  const job = isProbeJob(given) ? given : await askForProbe(context);
  if (job === undefined) return;
  const { analysis } = await runJob<'probe'>(job, context);
  await vscode.commands.executeCommand('whence.showProbingPanel', analysis);
}

/** Marks of probes beside the rows: hidden, or shown again. */
export async function toggleProbeMarks(context: ReadyContext): Promise<void> {
  await toggleAnalysisMarks('probe', context);
}

/** The labels of the rows are right, whatever the probe reads: their doubts are gone for good. */
export async function keepLabel({ language }: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  for (const row of targetRows(given)) await language.request('whence/keepLabel', row);
}

function isProbeJob(value: unknown): value is ProbeJob {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'probe' && 'task' in value;
}
