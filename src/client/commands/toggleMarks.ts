import * as vscode from 'vscode';
import { settingKeys } from '../../protocol/settings';
import type { Context } from '../context';

/** Shows or hides every mark in the text: one toggle for all. */
export async function toggleMarks({ settings }: Context): Promise<void> {
  const section = vscode.workspace.getConfiguration('whence');
  await section.update(settingKeys.marksEnabled, !settings().marksEnabled, vscode.ConfigurationTarget.Global);
}
