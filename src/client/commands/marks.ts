import * as vscode from 'vscode';
import { type MarkPreset, settingKeys } from '../../protocol/settings';
import type { Context } from '../context';

/** Shows or hides every mark in the text: one toggle for all. */
export async function toggleMarks({ settings }: Context): Promise<void> {
  await update(settingKeys.marksEnabled, !settings().marksEnabled);
}

/** How much stands beside the rows. */
export async function choosePreset({ settings }: Context): Promise<void> {
  const { t } = vscode.l10n;
  const shown = settings().marksPreset;
  const choice = (preset: MarkPreset, label: string, detail: string) => ({
    label,
    detail,
    description: preset === shown ? '$(check)' : '',
    preset,
  });
  const items = [
    choice('quiet', t('Quiet'), t('Only the rows that matter most.')),
    choice('normal', t('Normal'), t('Every row above what control queries score.')),
    choice('everything', t('Everything'), t('Each row, noise included.')),
  ];
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: t('How much stands beside the rows?') });
  if (chosen !== undefined) await update(settingKeys.marksPreset, chosen.preset);
}

/** Which analyses show marks. */
export async function chooseAnalyses({ settings }: Context): Promise<void> {
  const { t } = vscode.l10n;
  const now = settings();
  const items = (
    [
      ['marksInfluence', `▲ ${t('Influence')}`],
      ['marksProbes', `◆ ${t('Probes')}`],
      ['marksPruning', `✂ ${t('Pruning')}`],
      ['marksTrainedText', t('Trained text')],
      ['overviewRuler', t('Overview ruler')],
    ] as const
  ).map(([name, label]) => ({ label, picked: now[name], name }));
  const placeHolder = t('Which marks are shown?');
  const chosen = await vscode.window.showQuickPick(items, { canPickMany: true, placeHolder });
  if (chosen === undefined) return;
  for (const { name } of items) {
    const wanted = chosen.some((item) => item.name === name);
    if (wanted !== now[name]) await update(settingKeys[name], wanted);
  }
}

async function update(key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('whence').update(key, value, vscode.ConfigurationTarget.Global);
}
