import * as vscode from 'vscode';
import type { EditorJob } from '../../protocol/editor';
import { settingKeys } from '../../protocol/settings';
import type { ReadyContext } from '../context';
import { targetRows } from './actsTarget';
import { askForProbe } from './askForProbe';
import { runJob } from './runJob';

export type ProbeJob = Extract<EditorJob, { kind: 'probe' }>;

/** Probes for what is given or asked for; its marks, doubts and panel show what came of it. */
export async function probe(context: ReadyContext, given: unknown): Promise<void> {
  const job = isProbeJob(given) ? given : await askForProbe(context);
  if (job === undefined) return;
  const { analysis } = await runJob<'probe'>(job, context);
  await tellProbe(context, analysis);
}

/** Nothing of probes stands beside the rows, until one is shown again. */
export async function hideProbeMarks({ language }: ReadyContext): Promise<void> {
  await language.request('whence/showAnalysis', { kind: 'probe', id: null });
}

/** The labels of the rows are right, whatever the probe reads: their doubts are gone for good. */
export async function keepLabel({ language }: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  for (const row of targetRows(given)) await language.request('whence/keepLabel', row);
}

/** Says what came of it, where that is wanted, and offers the panel. */
async function tellProbe({ language, jobs, settings }: ReadyContext, id: string): Promise<void> {
  if (settings().notifications !== 'results') return;
  const known = await language.request('whence/analyses', null);
  const title = known.find((one) => one.id === id)?.title ?? '';
  const outcome = jobs.list().find((job) => job.kind === 'probe' && job.state === 'done')?.outcome ?? '';
  const show = vscode.l10n.t('Show Probing Panel');
  const silence = vscode.l10n.t("Don't Show Again");
  // Not awaited by the command: it has done its work.
  void vscode.window.showInformationMessage(`${title}: ${outcome}`, show, silence).then(async (chosen) => {
    if (chosen === show) await vscode.commands.executeCommand('whence.showProbingPanel', id);
    if (chosen === silence) {
      const section = vscode.workspace.getConfiguration('whence');
      await section.update(settingKeys.notifications, 'errors', vscode.ConfigurationTarget.Global);
    }
  });
}

function isProbeJob(value: unknown): value is ProbeJob {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'probe' && 'task' in value;
}
