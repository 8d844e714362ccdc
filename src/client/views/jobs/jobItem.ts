import * as vscode from 'vscode';
import type { JobView } from '../../../protocol/editorJobs';
import { isLive } from './createJobs';
import { progressText, timeText } from './progressText';

/** An entry of the Jobs view. */
export type JobNode =
  | { readonly kind: 'job'; readonly id: string }
  /** One thing that is known of a job. */
  | { readonly kind: 'line'; readonly id: string; readonly name: string; readonly icon: string; readonly text: string };

const icons: { readonly [S in JobView['state']]: readonly [icon: string, color: string | undefined] } = {
  queued: ['clock', undefined],
  running: ['sync~spin', undefined],
  done: ['pass', 'testing.iconPassed'],
  failed: ['error', 'testing.iconFailed'],
  cancelled: ['circle-slash', 'descriptionForeground'],
};

export function jobItem(view: JobView): vscode.TreeItem {
  const [icon, color] = icons[view.state];
  const collapsed =
    isLive(view) || view.state === 'failed'
      ? vscode.TreeItemCollapsibleState.Expanded
      : vscode.TreeItemCollapsibleState.Collapsed;
  const item = new vscode.TreeItem(view.title, collapsed);
  // Another state is another entry, so that it folds and unfolds as that state does.
  item.id = `${view.id} ${isLive(view) ? 'live' : view.state}`;
  item.iconPath = new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
  item.description = descriptionOf(view);
  item.contextValue = `job ${view.state} ${view.kind}`;
  item.accessibilityInformation = { label: `${view.title}, ${stateText(view)}, ${descriptionOf(view)}` };
  if (view.state === 'done' && hasResult(view)) {
    const node: JobNode = { kind: 'job', id: view.id };
    item.command = { command: 'whence.openJobResult', title: vscode.l10n.t('Open Result'), arguments: [node] };
  }
  return item;
}

/** A result that opens somewhere. */
function hasResult({ kind }: JobView): boolean {
  return kind === 'trace' || kind === 'retrace' || kind === 'test' || kind === 'verify' || kind === 'ask';
}

export function lineItem({ name, text, icon }: Extract<JobNode, { kind: 'line' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.None);
  item.description = text;
  item.tooltip = `${name}: ${text}`;
  item.iconPath = new vscode.ThemeIcon(icon);
  item.accessibilityInformation = { label: `${name}: ${text}` };
  return item;
}

/** What is known of a job, one line each; nothing is made up for what is not. */
export function jobLines(view: JobView): readonly JobNode[] {
  const { id, cost, device, memory, error, outcome, progress, seconds } = view;
  const line = (name: string, icon: string, text: string | null | undefined): JobNode[] =>
    text === null || text === undefined ? [] : [{ kind: 'line', id, name, icon, text }];
  const { t } = vscode.l10n;
  return [
    ...line(t('Error'), 'error', error?.message),
    ...line(t('What to do'), 'lightbulb', error?.next),
    ...line(t('Outcome'), 'output', outcome),
    ...line(t('Progress'), 'pulse', progress === null ? null : progressText({ ...view, title: progress.stage })),
    ...line(t('Time left'), 'watch', progress?.secondsLeft === undefined ? null : timeText(progress.secondsLeft)),
    ...line(t('Predicted'), 'graph', cost),
    ...line(t('Device'), 'chip', device),
    ...line(t('Memory'), 'server', memory === null ? null : memoryText(memory)),
    ...line(t('Took'), 'watch', seconds === null ? null : `${seconds.toFixed(1)} s`),
  ];
}

function memoryText({ estimatedBytes, peakBytes }: NonNullable<JobView['memory']>): string {
  const peak = vscode.l10n.t('{0} MB at the peak', megabytes(peakBytes));
  if (estimatedBytes === undefined) return peak;
  return `${peak}, ${vscode.l10n.t('{0} MB announced', megabytes(estimatedBytes))}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function descriptionOf(view: JobView): string {
  if (view.state === 'running') return view.progress === null ? stateText(view) : progressText(view);
  const parts = [view.outcome ?? view.error?.message ?? stateText(view)];
  if (view.seconds !== null) parts.push(`${view.seconds.toFixed(1)} s`);
  return parts.join(' · ');
}

function stateText({ state }: JobView): string {
  const texts: { readonly [S in JobView['state']]: string } = {
    queued: vscode.l10n.t('waiting'),
    running: vscode.l10n.t('running'),
    done: vscode.l10n.t('done'),
    failed: vscode.l10n.t('failed'),
    cancelled: vscode.l10n.t('cancelled'),
  };
  return texts[state];
}
