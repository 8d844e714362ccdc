import * as vscode from 'vscode';
import type { Act } from '../../protocol/editor';
import type { RowVerdict } from '../../protocol/editorFindings';
import type { RowReference } from '../../protocol/editorJobs';
import type { ReadyContext } from '../context';
import { applyActEdit } from '../panels/applyActEdit';
import { targetRows, topRows } from './actsTarget';

/** Moves rows to the quarantine file beside theirs. */
export async function quarantine(context: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  await quarantineRows(context, targetRows(given));
}

/** The strongest rows of the finding that is shown, as many as are asked for. */
export async function quarantineTop(context: ReadyContext, count: unknown): Promise<void> {
  const findings = await context.language.request('whence/findings', { order: 'cause', rows: 'aboveNull' });
  if (findings === null) throw new Error(vscode.l10n.t('No trace is shown. Trace a behaviour first.'));
  const all = topRows(findings.groups, Number.POSITIVE_INFINITY).length;
  const k = typeof count === 'number' ? count : await askForCount(all);
  if (k === undefined) return;
  const rows = topRows(findings.groups, k);
  if (rows.length === 0)
    throw new Error(vscode.l10n.t('No row stands out in this finding, so there is none to set aside.'));
  await quarantineRows(context, rows);
}

/** Rows count less in training. */
export async function downWeight(context: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  const rows = targetRows(given);
  const answer = await vscode.window.showInputBox({
    title: vscode.l10n.t('Down-weight'),
    prompt: vscode.l10n.t('How often does the row count in training? 0: not at all; 1: as any other.'),
    value: '0.5',
    validateInput: (text) =>
      text.trim() !== '' && Number(text) >= 0 && Number.isFinite(Number(text))
        ? undefined
        : vscode.l10n.t('A number of 0 or more.'),
  });
  if (answer !== undefined) await act({ kind: 'downWeight', rows, weight: Number(answer) }, context);
}

/** Rows of a quarantine file go back to where they came from. */
export async function restoreRow(context: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  await act({ kind: 'restore', rows: targetRows(given) }, context);
}

/** The user says of rows that they matter for the behaviour. */
export async function markRelevant(context: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  await mark('relevant', targetRows(given), context);
}

/** The user says of rows that they do not. */
export async function markNotRelevant(context: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  await mark('notRelevant', targetRows(given), context);
}

/** Takes back what the user said of rows. */
export async function clearVerdict(context: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  await mark('none', targetRows(given), context);
}

/** Shows the rows that are almost the same in a peek. */
export async function findNearDuplicates({ language }: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  const [row] = targetRows(given);
  const found = await language.request('whence/nearDuplicates', row!);
  if (found.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('No other row is almost the same.'));
    return;
  }
  const uri = vscode.Uri.parse(row!.uri);
  const locations = [row!, ...found].map(
    ({ uri: of, line }) => new vscode.Location(vscode.Uri.parse(of), new vscode.Position(line, 0)),
  );
  const at = new vscode.Position(row!.line, 0);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(at, at) });
  await vscode.commands.executeCommand('editor.action.peekLocations', uri, at, locations, 'peek');
}

async function quarantineRows(context: ReadyContext, rows: readonly RowReference[]): Promise<void> {
  const findings = await context.language.request('whence/findings', { order: 'cause', rows: 'aboveNull' });
  const reason = await vscode.window.showInputBox({
    title: rows.length === 1 ? vscode.l10n.t('Quarantine 1 row') : vscode.l10n.t('Quarantine {0} rows', rows.length),
    prompt: vscode.l10n.t('Why? The reason is kept beside the rows. Undo brings them back.'),
    value: findings === null ? '' : vscode.l10n.t('influence on: {0}', findings.prompt.slice(0, 120)),
  });
  if (reason !== undefined) await act({ kind: 'quarantine', rows, reason }, context);
}

async function act(what: Act, { language }: ReadyContext): Promise<void> {
  const edit = await language.request('whence/act', what);
  await applyActEdit(edit);
  vscode.window.setStatusBarMessage(edit.summary, 5000);
}

async function mark(verdict: RowVerdict, rows: readonly RowReference[], { language }: ReadyContext): Promise<void> {
  for (const row of rows) await language.request('whence/verdict', { row, verdict });
}

async function askForCount(most: number): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Quarantine the strongest rows'),
    prompt: vscode.l10n.t('How many of the {0} rows that stand out?', most),
    value: `${Math.min(10, most)}`,
    validateInput: (value) => (/^[1-9]\d*$/.test(value.trim()) ? undefined : vscode.l10n.t('A whole number.')),
  });
  return text === undefined ? undefined : Number(text);
}
