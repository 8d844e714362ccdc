import * as vscode from 'vscode';
import type { AnalysisRecord } from '../../protocol/editor';
import { type EditorSettings, settingKeys } from '../../protocol/settings';
import type { ReadyContext } from '../context';

type Kind = AnalysisRecord['kind'];

const settingOf = { probe: 'marksProbes', pruning: 'marksPruning' } as const satisfies Record<
  Kind,
  keyof EditorSettings
>;

/** Whether marks of a kind can be seen beside rows at all: its own setting and that of all marks. */
export function marksAreOn(kind: Kind, settings: EditorSettings): boolean {
  return settings.marksEnabled && settings[settingOf[kind]];
}

/** Puts an analysis beside the rows, and turns on the marks of its kind where settings hide them. */
export async function showAnalysisMarks(
  kind: Kind,
  id: string,
  { language, settings }: Pick<ReadyContext, 'language' | 'settings'>,
): Promise<void> {
  const now = settings();
  for (const name of ['marksEnabled', settingOf[kind]] as const) {
    if (now[name]) continue;
    await turnOn(settingKeys[name]);
  }
  await language.request('whence/showAnalysis', { kind, id });
}

/** Takes what stands of a kind from beside the rows, or puts the newest there where nothing stands. */
export async function toggleAnalysisMarks(kind: Kind, context: ReadyContext): Promise<void> {
  const { language, settings } = context;
  const known = (await language.request('whence/analyses', null)).filter((one) => one.kind === kind);
  const shown = known.find((one) => one.shown);
  if (shown !== undefined && marksAreOn(kind, settings())) {
    await language.request('whence/showAnalysis', { kind, id: null });
    return;
  }
  const wanted = shown ?? known.at(-1);
  if (wanted === undefined)
    throw new Error(vscode.l10n.t('Nothing of this kind has been found yet, so there are no marks.'));
  await showAnalysisMarks(kind, wanted.id, context);
}

/** Where the workspace's own settings say otherwise, they are what counts: then it is turned on there. */
async function turnOn(key: string): Promise<void> {
  const section = vscode.workspace.getConfiguration('whence');
  const { Workspace, Global } = vscode.ConfigurationTarget;
  await section.update(key, true, section.inspect(key)?.workspaceValue === undefined ? Global : Workspace);
}
