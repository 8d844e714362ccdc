import path from 'node:path';
import * as vscode from 'vscode';
import type { PruneProposeJob } from '../../protocol/editorJobs';
import type { ReadyContext } from '../context';
import { isRealignFile, usualPruningFiles } from './usualPruningFiles';
import { writeRealignRows } from './writeRealignRows';

/** Files that are offered. */
const mostFiles = 500;

/** Asks which rows make the mask and what it is measured on; undefined: the user left. */
export async function askForProposal(context: ReadyContext): Promise<PruneProposeJob | undefined> {
  const { workspaceFile } = await context.language.request('whence/state', null);
  const root =
    workspaceFile === null ? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath : path.dirname(workspaceFile);
  if (root === undefined) throw new Error(vscode.l10n.t('Open the folder that holds your models and data first.'));
  const files = await dataFiles(root);
  const realign = await askForRealign(files, root, context);
  if (realign === undefined) return undefined;
  const measured = await askForMeasured(
    files.filter((file) => file !== realign),
    usualPruningFiles(files, realign),
  );
  if (measured === undefined) return undefined;
  return { kind: 'prunePropose', model: null, realign: [realign], ...measured, alphas: null, controls: null };
}

async function dataFiles(root: string): Promise<readonly string[]> {
  const found = await vscode.workspace.findFiles('**/*.jsonl', '**/{node_modules,.git,.whence}/**', mostFiles);
  return found.map(({ fsPath }) => path.relative(root, fsPath)).sort();
}

/** What is measured on. */
type Measured = Pick<PruneProposeJob, 'harmful' | 'benign' | 'tests'>;

async function askForRealign(
  files: readonly string[],
  root: string,
  context: ReadyContext,
): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const group = context.findings.view()?.groups[0];
  const first = files.filter((file) => isRealignFile(file));
  const others = files.filter((file) => !first.includes(file));
  const separator = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator, file: undefined });
  const ofGroup = {
    label: `$(list-tree) ${t('The rows of the shown finding’s first group')}`,
    detail: t('They are written to a file of their own; undo takes it away.'),
    file: undefined,
  };
  const items = [
    ...first.map((file) => ({ label: `$(file) ${file}`, detail: t('Proposed by its name.'), file })),
    ...(group === undefined ? [] : [ofGroup]),
    separator(t('other files')),
    ...others.map((file) => ({ label: `$(file) ${file}`, file })),
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Propose Pruning'),
    placeHolder: t('Which rows of harmful prompts with answers make the mask?'),
    matchOnDetail: true,
  });
  if (chosen === ofGroup && group !== undefined) return writeRealignRows(group, root);
  return chosen?.file;
}

async function askForMeasured(
  files: readonly string[],
  found: ReturnType<typeof usualPruningFiles>,
): Promise<Measured | undefined> {
  const { t } = vscode.l10n;
  const { harmful, benign, tests } = found;
  const title = t('Propose Pruning');
  if (benign !== null && tests !== null) {
    const start = {
      label: `$(play) ${t('Measure with these files')}`,
      detail: [
        t('harmful: {0}', harmful ?? t('a third of the realign rows, held back')),
        t('benign: {0}', benign),
        t('tests: {0}', tests),
      ].join(' · '),
    };
    const choose = { label: `$(files) ${t('Choose others…')}`, detail: '' };
    const chosen = await vscode.window.showQuickPick([start, choose], {
      title,
      placeHolder: t('What is it measured on?'),
    });
    if (chosen === undefined) return undefined;
    if (chosen === start) return { harmful, benign, tests };
  }
  const held = { label: `$(split-horizontal) ${t('a third of the realign rows, held back')}`, file: null };
  const listed = (likely: string | null) =>
    [...files].sort((a, b) => Number(b === likely) - Number(a === likely)).map((file) => ({ label: file, file }));
  const ask = async <F extends string | null>(
    items: readonly { readonly label: string; readonly file: F }[],
    placeHolder: string,
  ): Promise<F | undefined> => (await vscode.window.showQuickPick(items, { title, placeHolder }))?.file;
  const harmfulFile = await ask<string | null>(
    harmful === null ? [held, ...listed(null)] : [...listed(harmful), held],
    t('Harmful prompts that are no realign rows'),
  );
  if (harmfulFile === undefined) return undefined;
  const benignFile = await ask(listed(benign), t('Prompts that deserve an answer'));
  if (benignFile === undefined) return undefined;
  const testsFile = await ask(listed(tests), t('Tests of what the model must still do'));
  if (testsFile === undefined) return undefined;
  return { harmful: harmfulFile, benign: benignFile, tests: testsFile };
}
