import * as vscode from 'vscode';
import type { EditorJob, EditorResult, JobView } from '../../protocol/editorJobs';
import type { ReadyContext } from '../context';
import { ServerFailure } from '../serverFailure';

/**
 * Starts a job and waits for its end. The status bar and the Jobs view show how it goes and cancel it.
 *
 * @throws ServerFailure as the engine gave it; CancellationError where the user cancelled
 */
export async function runJob<K extends EditorJob['kind']>(
  job: EditorJob & { readonly kind: K },
  context: ReadyContext,
): Promise<Extract<EditorResult, { kind: K }>> {
  const source = new vscode.CancellationTokenSource();
  try {
    return await awaitJob<K>(job, context, source.token);
  } finally {
    source.dispose();
  }
}

/** The same where the caller has a way to cancel of its own. */
export async function awaitJob<K extends EditorJob['kind']>(
  job: EditorJob & { readonly kind: K },
  { language }: ReadyContext,
  token: vscode.CancellationToken,
): Promise<Extract<EditorResult, { kind: K }>> {
  const { id } = await language.request('whence/startJob', job);
  const view = await endOf(id, language, token);
  if (view.state === 'cancelled') throw new vscode.CancellationError();
  if (view.error !== null) throw new ServerFailure(view.error);
  const result = await language.request('whence/jobResult', { id });
  return result as Extract<EditorResult, { kind: K }>;
}

/** How a job ended. */
export async function endOf(
  id: string,
  language: ReadyContext['language'],
  token: vscode.CancellationToken,
): Promise<JobView> {
  const disposables: vscode.Disposable[] = [];
  try {
    return await new Promise<JobView>((resolve, reject) => {
      const look = (view: JobView): void => {
        if (view.id === id && view.state !== 'running' && view.state !== 'queued') resolve(view);
      };
      const cancel = (): void => void language.request('whence/cancelJob', { id });
      disposables.push(
        language.onNotification('whence/jobChanged', look),
        // A server that died took the job with it.
        language.onRestart(() => reject(new vscode.CancellationError())),
        token.onCancellationRequested(cancel),
      );
      if (token.isCancellationRequested) cancel();
      // It may have ended before anybody listened.
      language.request('whence/jobs', null).then((views) => views.forEach(look), reject);
    });
  } finally {
    for (const disposable of disposables) disposable.dispose();
  }
}
