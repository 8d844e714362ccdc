import * as vscode from 'vscode';
import type { Context } from '../../context';
import { allRows, childNodes, type FindingNode, rootNodes } from './findingNodes';
import { nodeItem } from './nodeItem';

/** Says "no text" to a view, whose optional properties do not take `undefined` by type. */
const noText = '';

/** The Findings view: what the gate says, then groups of rows. It shows what the server answered and computes nothing. */
export function showFindings({ extension, findings }: Context): vscode.TreeView<FindingNode> {
  const changed = new vscode.EventEmitter<void>();
  let strongest = 0;
  const provider: vscode.TreeDataProvider<FindingNode> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: (node) => nodeItem(node, strongest),
    getChildren: (node) => {
      const view = findings.view();
      if (view === null) return [];
      return [...(node === undefined ? rootNodes(view, findings.filter()) : childNodes(node))];
    },
  };
  const tree = vscode.window.createTreeView('whence.findings', {
    treeDataProvider: provider,
    showCollapseAll: true,
    canSelectMany: true,
  });
  const draw = (): void => {
    const view = findings.view();
    strongest = view === null ? 0 : Math.max(0, ...allRows(view).map(({ traced }) => Math.abs(traced.score)));
    changed.fire();
    if (view === null) {
      // With no message and no entries the view shows its welcome. They are accessors: deleting them would end them.
      tree.message = noText;
      tree.description = noText;
      return;
    }
    const { order, rows } = findings.choice();
    const filter = findings.filter();
    tree.message = `${view.prompt.trim()} → ${view.completion.trim()}`;
    tree.description = [
      view.active.method,
      order === 'kind' ? vscode.l10n.t('by kind') : vscode.l10n.t('by cause'),
      ...(rows === 'all' ? [vscode.l10n.t('all rows')] : []),
      ...(filter === '' ? [] : [`“${filter}”`]),
    ].join(' · ');
  };
  extension.subscriptions.push(tree, changed, findings.onChange(draw));
  draw();
  return tree;
}
