import * as vscode from 'vscode';
import type { JobView } from '../../../protocol/editorJobs';

/** `gradients of rows 128/609 rows, 40 rows/s, 12 s left` */
export function progressText({ title, state, progress }: JobView): string {
  if (state === 'queued') return vscode.l10n.t('{0}: waiting', title);
  if (progress === null) return title;
  const { stage, done, total, unit, rate, secondsLeft } = progress;
  const parts = [`${stage} ${done}/${total} ${unit}`];
  if (rate !== undefined) parts.push(`${rate.toPrecision(2)} ${unit}/s`);
  if (secondsLeft !== undefined) parts.push(vscode.l10n.t('{0} left', timeText(secondsLeft)));
  return parts.join(', ');
}

/** `42 s`, `3 min` */
export function timeText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
