import * as vscode from 'vscode';
import type { JobView } from '../../../protocol/editorJobs';
import type { CoreContext, LanguageServer } from '../../context';

/** Jobs of this session, newest first, as the server told of them. */
export interface Jobs {
  list(): readonly JobView[];
  get(id: string): JobView | undefined;
  readonly onChange: vscode.Event<JobView | undefined>;
  /** The job that runs, or the first that waits. */
  current(): JobView | undefined;
  /** Takes those that ended out of the list. */
  clear(): void;
}

/** Whether a job is not over. */
export function isLive({ state }: JobView): boolean {
  return state === 'running' || state === 'queued';
}

export function createJobs(core: CoreContext): Jobs {
  const views = new Map<string, JobView>();
  const changed = new vscode.EventEmitter<JobView | undefined>();
  const tell = (view: JobView | undefined): void => {
    const finished = [...views.values()].some((job) => !isLive(job));
    void vscode.commands.executeCommand('setContext', 'whence.jobRunning', [...views.values()].some(isLive));
    void vscode.commands.executeCommand('setContext', 'whence.jobsFinished', finished);
    changed.fire(view);
  };
  const hear = (server: LanguageServer): void => {
    const heard = server.onNotification('whence/jobChanged', (view) => {
      views.set(view.id, view);
      tell(view);
    });
    // Jobs end with the server that ran them; what they computed is in the store.
    const ended = server.onRestart(() => {
      for (const [id, view] of views) if (isLive(view)) views.set(id, { ...view, state: 'cancelled', progress: null });
      tell(undefined);
    });
    core.extension.subscriptions.push(heard, ended);
  };
  core.extension.subscriptions.push(changed, core.onServer(hear));
  const list = (): readonly JobView[] => [...views.values()].reverse();
  return {
    list,
    get: (id) => views.get(id),
    onChange: changed.event,
    current: () =>
      list().find(({ state }) => state === 'running') ?? list().findLast(({ state }) => state === 'queued'),
    clear: () => {
      for (const [id, view] of views) if (!isLive(view)) views.delete(id);
      tell(undefined);
    },
  };
}
