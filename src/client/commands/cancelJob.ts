import type { ReadyContext } from '../context';

/** Cancels a job, or the one that runs. */
export async function cancelJob({ language }: ReadyContext, target: unknown): Promise<void> {
  const named = typeof target === 'object' && target !== null && 'id' in target ? String(target.id) : undefined;
  const jobs = await language.request('whence/jobs', null);
  const id = named ?? jobs.find(({ state }) => state === 'running' || state === 'queued')?.id;
  if (id !== undefined) await language.request('whence/cancelJob', { id });
}
