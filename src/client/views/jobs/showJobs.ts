import * as vscode from 'vscode';
import type { Context } from '../../context';
import { isLive } from './createJobs';
import { type JobNode, jobItem, jobLines, lineItem } from './jobItem';

/** Milliseconds between two pictures of a running job: a tree that redraws at every report cannot be read. */
const pace = 250;

/** The Jobs view: what runs, what waits and what came of the rest; its badge counts what is not over. */
export function showJobs({ extension, jobs }: Context): void {
  const changed = new vscode.EventEmitter<void>();
  const provider: vscode.TreeDataProvider<JobNode> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: (node) => {
      if (node.kind === 'line') return lineItem(node);
      const view = jobs.get(node.id);
      return view === undefined ? new vscode.TreeItem(node.id) : jobItem(view);
    },
    getChildren: (node) => {
      if (node === undefined) return jobs.list().map(({ id }) => ({ kind: 'job', id }));
      const view = node.kind === 'job' ? jobs.get(node.id) : undefined;
      return view === undefined ? [] : [...jobLines(view)];
    },
  };
  const tree = vscode.window.createTreeView('whence.jobs', { treeDataProvider: provider });
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    timer = undefined;
    const live = jobs.list().filter(isLive).length;
    tree.badge = live === 0 ? undefined : { value: live, tooltip: vscode.l10n.t('{0} jobs running or waiting', live) };
    changed.fire();
  };
  extension.subscriptions.push(
    tree,
    changed,
    jobs.onChange((view) => {
      if (view !== undefined && isLive(view) && view.progress !== null) timer ??= setTimeout(draw, pace);
      else {
        clearTimeout(timer);
        draw();
      }
    }),
    { dispose: () => clearTimeout(timer) },
  );
}
