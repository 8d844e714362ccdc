import * as vscode from 'vscode';
import type { EditorState } from '../../protocol/editor';
import type { Context } from '../context';
import { progressText } from './jobs/progressText';
import { readWorkspaceFile, type WorkspaceGlance } from './readWorkspaceFile';

/** One item: the model, the device, whether rows are indexed, and the job that runs. A click opens the main actions. */
export function showStatus(context: Context): void {
  const { extension, jobs, output } = context;
  const item = vscode.window.createStatusBarItem('whence.status', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Whence';
  item.command = 'whence.showMenu';
  let glance: WorkspaceGlance | undefined;
  const draw = (): void => {
    const job = jobs.current();
    const state = context.state();
    item.text = job === undefined ? idleText(state, glance) : `$(sync~spin) ${progressText(job)}`;
    item.tooltip = tooltipOf(state, glance);
    item.accessibilityInformation = {
      label: `Whence: ${job === undefined ? spokenText(item.text) : progressText(job)}`,
    };
    item.show();
  };
  const look = (): void => {
    readWorkspaceFile().then(
      (found) => {
        glance = found;
        void vscode.commands.executeCommand('setContext', 'whence.configured', found !== undefined);
        draw();
      },
      (error) => output.warn(String(error)),
    );
  };
  const watcher = vscode.workspace.createFileSystemWatcher('**/whence.json');
  extension.subscriptions.push(
    item,
    watcher,
    watcher.onDidChange(look),
    watcher.onDidCreate(look),
    watcher.onDidDelete(look),
    vscode.workspace.onDidChangeWorkspaceFolders(look),
    context.onState(draw),
    jobs.onChange(draw),
  );
  draw();
  look();
}

function idleText(state: EditorState | undefined, glance: WorkspaceGlance | undefined): string {
  if (state === undefined && glance === undefined) return '$(git-compare) Whence';
  const broken = glance?.state === 'broken' || (state?.problems.length ?? 0) > 0;
  const parts = [
    state?.defaultModel ?? glance?.model ?? 'Whence',
    state?.device ?? glance?.device ?? 'auto',
    isIndexed(state, glance) ? vscode.l10n.t('indexed') : vscode.l10n.t('no index'),
  ];
  return `$(${broken ? 'warning' : 'git-compare'}) ${parts.join(' · ')}`;
}

function isIndexed(state: EditorState | undefined, glance: WorkspaceGlance | undefined): boolean {
  return state === undefined ? glance?.index === 'there' : state.index.entries > 0;
}

function tooltipOf(state: EditorState | undefined, glance: WorkspaceGlance | undefined): vscode.MarkdownString {
  const text = new vscode.MarkdownString('', true);
  const line = (name: string, value: string): void => {
    text.appendMarkdown(`**${name}** `).appendText(value).appendMarkdown('  \n');
  };
  const { t } = vscode.l10n;
  if (state === undefined && glance === undefined) {
    text.appendText(t('Whence: which training rows made a model do what it does. There is no whence.json here yet.'));
    return text;
  }
  line(t('Model'), state?.defaultModel ?? glance?.model ?? t('none chosen'));
  line(t('Data'), (state?.data.map(({ name }) => name) ?? glance?.data ?? []).join(', ') || t('none'));
  line(t('Device'), state?.device ?? glance?.device ?? 'auto');
  const bytes = state?.index.bytes ?? 0;
  const size = bytes > 0 ? ` (${(bytes / 1e6).toFixed(0)} MB)` : '';
  line(
    t('Index'),
    isIndexed(state, glance) ? `${t('rows are indexed')}${size}` : t('none yet: a first trace makes it'),
  );
  if (state?.trust === 'restricted') line(t('Trust'), t('restricted: nothing of this workspace is run'));
  for (const { message, next } of state?.problems ?? [])
    text.appendMarkdown('\n\n$(warning) ').appendText(`${message} ${next}`);
  return text;
}

/** Without the icon's name. */
function spokenText(text: string): string {
  return text.replace(/\$\([^)]*\)\s*/g, '');
}
