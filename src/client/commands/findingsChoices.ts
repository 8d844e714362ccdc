import * as vscode from 'vscode';
import type { Context } from '../context';

export function orderByCause({ findings }: Context): void {
  findings.choose({ ...findings.choice(), order: 'cause' });
}

export function orderByKind({ findings }: Context): void {
  findings.choose({ ...findings.choice(), order: 'kind' });
}

export function showAllRows({ findings }: Context): void {
  findings.choose({ ...findings.choice(), rows: 'all' });
}

export function showRowsAboveNull({ findings }: Context): void {
  findings.choose({ ...findings.choice(), rows: 'aboveNull' });
}

/** Asks for a text; only rows whose text or place holds it stay in the view. */
export async function filterFindings({ findings }: Context): Promise<void> {
  const prompt = vscode.l10n.t('Show rows whose text or file holds this. Nothing: all rows.');
  const text = await vscode.window.showInputBox({ prompt, value: findings.filter() });
  if (text !== undefined) findings.setFilter(text);
}

export function clearFilter({ findings }: Context): void {
  findings.setFilter('');
}
