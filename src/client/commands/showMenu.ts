import * as vscode from 'vscode';
import type { CommandId } from '../../protocol/commandIds';
import type { Context } from '../context';

/** The main actions, those first that can be done now. */
export async function showMenu(context: Context): Promise<void> {
  const { t } = vscode.l10n;
  const entry = (command: CommandId | 'workbench.action.openSettings', icon: string, label: string) => ({
    label: `$(${icon}) ${label}`,
    command,
  });
  const job = context.jobs.current();
  const finding = context.findings.view();
  const items = [
    ...(job === undefined ? [] : [{ ...entry('whence.cancelJob', 'debug-stop', t('Cancel Job')), detail: job.title }]),
    entry('whence.ask', 'comment-discussion', t('Ask the Model')),
    entry('whence.trace', 'git-compare', t('Trace…')),
    entry('whence.showTrace', 'history', t('Show a Trace…')),
    ...(finding === null
      ? []
      : [
          entry('whence.chooseQuery', 'list-selection', t('Another Query…')),
          entry('whence.chooseMethod', 'beaker', t('Another Method…')),
          entry('whence.showTracePanel', 'graph-scatter', t('Show Trace Panel')),
          entry('whence.verify', 'beaker-stop', t('Verify')),
          entry('whence.exportReport', 'export', t('Export Report')),
          entry('whence.clearFindings', 'clear-all', t('Clear Findings')),
        ]),
    entry('whence.probe', 'telescope', t('Probe…')),
    entry('whence.showProbingPanel', 'graph-line', t('Show Probing Panel')),
    entry('whence.prunePropose', 'discard', t('Propose Pruning…')),
    entry('whence.showPruningPanel', 'graph-line', t('Show Pruning Panel')),
    entry('whence.indexRows', 'database', t('Index Rows')),
    entry('whence.runBehaviours', 'run-all', t('Run Behaviour Tests')),
    entry('whence.choosePreset', 'eye', t('How Many Marks…')),
    entry('whence.toggleMarks', 'eye-closed', t('Toggle Marks')),
    entry('whence.setUpWorkspace', 'new-file', t('Set Up Workspace…')),
    entry('whence.openWalkthrough', 'book', t('Open Walkthrough')),
    entry('whence.showOutput', 'output', t('Show Log')),
    entry('workbench.action.openSettings', 'gear', t('Settings')),
  ];
  const chosen = await vscode.window.showQuickPick(items, { title: 'Whence' });
  if (chosen === undefined) return;
  const settings = chosen.command === 'workbench.action.openSettings';
  await vscode.commands.executeCommand(chosen.command, ...(settings ? ['@ext:whence.whence'] : []));
}
