import * as vscode from 'vscode';
import { settingKeys } from '../../protocol/settings';
import type { ReadyContext } from '../context';

/** Says what came of a trace, where it is wanted, and offers to show it. */
export async function tellResult({ findings, settings }: ReadyContext): Promise<void> {
  if (settings().notifications !== 'results') return;
  await findings.settled();
  const view = findings.view();
  if (view === null) return;
  const show = vscode.l10n.t('Show Findings');
  const silence = vscode.l10n.t("Don't Show Again");
  // Not awaited by the command: it has done its work.
  void vscode.window.showInformationMessage(view.headline, show, silence).then(async (chosen) => {
    if (chosen === show) await vscode.commands.executeCommand('whence.findings.focus');
    if (chosen === silence) {
      const section = vscode.workspace.getConfiguration('whence');
      await section.update(settingKeys.notifications, 'errors', vscode.ConfigurationTarget.Global);
    }
  });
}
