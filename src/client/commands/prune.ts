import path from 'node:path';
import * as vscode from 'vscode';
import type { AnalysisRecord } from '../../protocol/editor';
import type { PruneProposeJob } from '../../protocol/editorJobs';
import type { ReadyContext } from '../context';
import { appliedMasks } from '../panels/appliedMasks';
import { addPrunedModel } from './addPrunedModel';
import { toggleAnalysisMarks } from './analysisMarks';
import { askForProposal } from './askForProposal';
import { runJob } from './runJob';

type PruningRecord = Extract<AnalysisRecord, { kind: 'pruning' }>;

/** Masks of the fine-tune, measured; the proposal is shown beside the realign rows and in its panel. */
export async function prunePropose(context: ReadyContext, given: unknown): Promise<void> {
  const job = isProposal(given) ? given : await askForProposal(context);
  if (job === undefined) return;
  const { analysis } = await runJob(job, context);
  await context.language.request('whence/showAnalysis', { kind: 'pruning', id: analysis });
  await vscode.commands.executeCommand('whence.showPruningPanel', analysis);
}

/** Marks of a proposal beside the rows: hidden, or shown again; it is kept. */
export async function togglePruningMarks(context: ReadyContext): Promise<void> {
  await toggleAnalysisMarks('pruning', context);
}

/** Writes a mask into a new folder. @param proposal id; else asked for @param alpha one of its shares; else asked for */
export async function pruneApply(context: ReadyContext, proposal: unknown, alpha: unknown): Promise<void> {
  const record = await proposalOf(context, proposal);
  if (record === undefined) return;
  const share = typeof alpha === 'number' ? alpha : await askForShare(record);
  if (share === undefined) return;
  const folder = await askForFolder(record, share, context);
  if (folder === undefined) return;
  const { form, pruned, entries } = await runJob(
    { kind: 'pruneApply', analysis: record.id, alpha: share, out: folder },
    context,
  );
  const add = vscode.l10n.t('Add to whence.json');
  const undo = vscode.l10n.t('Undo…');
  const text = vscode.l10n.t(
    '{0} holds the pruned model: {1} of {2} entries. The original is as it was.',
    folder,
    pruned,
    entries,
  );
  // Not awaited: the command has done its work.
  void vscode.window.showInformationMessage(text, add, undo).then(async (chosen) => {
    try {
      if (chosen === add) await addPrunedModel(record.result.model.label, folder, form, context);
      if (chosen === undo) await vscode.commands.executeCommand('whence.pruneUndo', folder);
    } catch (error) {
      void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    }
  });
}

/** Deletes a folder that apply wrote, while nobody changed it. @param folder absolute; else asked for */
export async function pruneUndo(context: ReadyContext, folder: unknown): Promise<void> {
  const applied = typeof folder === 'string' ? folder : await askForApplied();
  if (applied === undefined) return;
  const remove = vscode.l10n.t('Delete What Was Applied');
  const detail = vscode.l10n.t(
    'Only files that were written by applying go, and only while they and the original are unchanged.',
  );
  const question = vscode.l10n.t('Undo the pruning in {0}?', applied);
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, remove)) !== remove) return;
  const { deleted, kept } = await runJob({ kind: 'pruneUndo', applied }, context);
  const text =
    kept.length === 0
      ? vscode.l10n.t('{0} files are deleted. The original is as it was.', deleted.length)
      : vscode.l10n.t('{0} files are deleted; {1} that applying did not write are kept.', deleted.length, kept.length);
  if (context.settings().notifications === 'results') void vscode.window.showInformationMessage(text);
}

async function proposalOf({ language }: ReadyContext, id: unknown): Promise<PruningRecord | undefined> {
  const all = (await language.request('whence/analyses', null)).filter(({ kind }) => kind === 'pruning');
  const chosen = typeof id === 'string' ? id : await pickProposal(all);
  const record = chosen === undefined ? null : await language.request('whence/analysis', { id: chosen });
  return record?.kind === 'pruning' ? record : undefined;
}

async function pickProposal(all: readonly Pick<PruningRecord, 'id' | 'title' | 'when'>[]): Promise<string | undefined> {
  if (all.length === 0)
    throw new Error(vscode.l10n.t('Nothing is proposed yet. Run “Whence: Propose Pruning…” first.'));
  if (all.length === 1) return all[0]!.id;
  const items = [...all].reverse().map(({ id, title, when }) => ({
    label: title,
    description: new Date(when).toLocaleString(vscode.env.language),
    id,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which proposal?') }))?.id;
}

async function askForShare({ result }: PruningRecord): Promise<number | undefined> {
  const { recommendation, points } = result;
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const items = points.map(({ alphas, share, figures }) => ({
    label: `alpha ${alphas[0]}${alphas[0] === recommendation.alpha ? ` $(star-full)` : ''}`,
    description: vscode.l10n.t('{0} pruned', percent(share)),
    detail: vscode.l10n.t(
      'harmful score {0}, task accuracy {1}',
      percent(figures.harmful.estimate),
      percent(figures.accuracy.estimate),
    ),
    alpha: alphas[0]!,
  }));
  const placeHolder =
    recommendation.alpha === null
      ? vscode.l10n.t('None is worth it by the rule. Which mask is written all the same?')
      : vscode.l10n.t('Which mask is written?');
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.alpha;
}

/** A new folder beside the original, which the user confirms or changes. */
async function askForFolder(
  { result }: PruningRecord,
  alpha: number,
  { language }: ReadyContext,
): Promise<string | undefined> {
  const { workspaceFile } = await language.request('whence/state', null);
  const root =
    workspaceFile === null ? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath : path.dirname(workspaceFile);
  if (root === undefined) throw new Error(vscode.l10n.t('Open the folder that holds your models and data first.'));
  const original = result.model.adapter ?? result.model.path;
  const within = !path.relative(root, original).startsWith('..');
  const stem = within ? original : path.join(root, 'models', path.basename(result.model.label));
  let proposed = `${stem}-pruned-${alpha}`;
  for (let n = 2; await exists(proposed); n++) proposed = `${stem}-pruned-${alpha}-${n}`;
  const answer = await vscode.window.showInputBox({
    title: vscode.l10n.t('Apply alpha {0}', alpha),
    prompt: vscode.l10n.t('New folder for the result. Nothing is written over; the original stays as it is.'),
    value: path.relative(root, proposed),
    validateInput: async (text) => {
      if (text.trim() === '') return vscode.l10n.t('Name a folder.');
      const there = await exists(path.resolve(root, text));
      return there ? vscode.l10n.t('{0} is there already; nothing is written over.', text) : undefined;
    },
  });
  return answer === undefined ? undefined : path.resolve(root, answer);
}

async function exists(place: string): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(vscode.Uri.file(place));
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return false;
    throw error;
  }
}

async function askForApplied(): Promise<string | undefined> {
  const found = await appliedMasks();
  if (found.length === 0) throw new Error(vscode.l10n.t('No folder of the workspace holds an applied pruning.'));
  const items = found.map(({ folder, label, alpha }) => ({ label, description: `alpha ${alpha}`, folder }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which pruning is taken back?') }))
    ?.folder;
}

function isProposal(value: unknown): value is PruneProposeJob {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'prunePropose';
}
