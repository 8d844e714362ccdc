import * as vscode from 'vscode';
import type { EditorJob, EditorResult, JobView } from '../../protocol/editor';
import type { ReadyContext } from '../context';
import { ServerFailure } from '../serverFailure';

/**
 * Starts a job and waits for its end, with progress in the window and a way to cancel it.
 *
 * @throws ServerFailure as the engine gave it; CancellationError where the user cancelled
 */
export async function runJob<K extends EditorJob['kind']>(
  job: EditorJob & { readonly kind: K },
  { language }: ReadyContext,
): Promise<Extract<EditorResult, { kind: K }>> {
  const views = new Map<string, JobView>();
  let wake: (view: JobView) => void = () => undefined;
  // Heard from before the start: a quick job may end before its id is known.
  const heard = language.onNotification('whence/jobChanged', (view) => {
    views.set(view.id, view);
    wake(view);
  });
  try {
    const { id } = await language.request('whence/startJob', job);
    const options = { location: vscode.ProgressLocation.Window, title: 'Whence', cancellable: true };
    const view = await vscode.window.withProgress(options, async (progress, token) => {
      token.onCancellationRequested(() => void language.request('whence/cancelJob', { id }));
      return new Promise<JobView>((resolve) => {
        wake = (changed) => {
          if (changed.id !== id) return;
          progress.report({ message: progressText(changed) });
          if (changed.state !== 'running' && changed.state !== 'queued') resolve(changed);
        };
        const before = views.get(id);
        if (before !== undefined) wake(before);
      });
    });
    if (view.state === 'cancelled') throw new vscode.CancellationError();
    if (view.error !== null) throw new ServerFailure(view.error);
    const result = await language.request('whence/jobResult', { id });
    return result as Extract<EditorResult, { kind: K }>;
  } finally {
    heard.dispose();
  }
}

/** `gradients of rows 128/609 rows, 40 rows/s, 12 s left` */
export function progressText({ title, state, progress }: JobView): string {
  if (state === 'queued') return vscode.l10n.t('{0}: waiting', title);
  if (progress === null) return title;
  const { stage, done, total, unit, rate, secondsLeft } = progress;
  const parts = [`${stage} ${done}/${total} ${unit}`];
  if (rate !== undefined) parts.push(`${rate.toPrecision(2)} ${unit}/s`);
  if (secondsLeft !== undefined) parts.push(vscode.l10n.t('{0} s left', Math.ceil(secondsLeft)));
  return parts.join(', ');
}
