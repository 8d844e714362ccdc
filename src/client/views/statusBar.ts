import * as vscode from 'vscode';
import type { JobView } from '../../protocol/editor';
import { progressText } from '../commands/runJob';
import type { Context, LanguageServer } from '../context';

/** One item: the model, the device in use, and the job that runs. */
export function showStatus(context: Context): void {
  const item = vscode.window.createStatusBarItem('whence.status', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Whence';
  item.command = 'whence.trace';
  let running: JobView | undefined;
  const draw = (): void => {
    const state = context.state();
    if (running !== undefined) item.text = `$(sync~spin) ${progressText(running)}`;
    else item.text = `$(git-compare) ${state?.defaultModel ?? 'Whence'}${state?.device ? ` · ${state.device}` : ''}`;
    item.show();
  };
  const hear = (server: LanguageServer): void => {
    const heard = server.onNotification('whence/jobChanged', (view) => {
      if (view.state === 'running' || view.state === 'queued') running = view;
      else if (running?.id === view.id) running = undefined;
      draw();
    });
    context.extension.subscriptions.push(heard);
  };
  context.extension.subscriptions.push(item, context.onServer(hear), context.onState(draw));
  draw();
}
