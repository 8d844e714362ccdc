import * as vscode from 'vscode';
import type { FindingGroup, FindingRow } from '../../protocol/editorFindings';
import type { RowReference } from '../../protocol/editorJobs';

/**
 * The rows that a command is about: what it was given (rows, findings, groups of findings, or views' items that hold one
 * under `row`, `rows`, `finding` or `group`), else the selection of the active editor. Near-duplicates that are folded
 * into a finding go with it.
 *
 * @throws Error where there are none
 */
export function targetRows(given: readonly unknown[]): readonly RowReference[] {
  // A view's menu gives the item and, where several are selected, all of them.
  const [first, all] = given;
  const named = Array.isArray(all) && all.length > 0 ? all.flatMap(rowsIn) : rowsIn(first);
  const rows = named.length > 0 ? named : first === undefined ? selectedRows() : [];
  if (rows.length > 0) return rows;
  throw new Error(vscode.l10n.t('There is no row here. Put the cursor on a row of a data file, or choose a finding.'));
}

/** Lines of the active editor's selections; a selection that ends before a line's first character does not hold it. */
export function selectedRows(): readonly RowReference[] {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.document.languageId !== 'jsonl') return [];
  const uri = editor.document.uri.toString();
  const lines = new Set<number>();
  for (const { start, end } of editor.selections) {
    const last = end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
    for (let line = start.line; line <= last; line++) lines.add(line);
  }
  return [...lines].map((line) => ({ uri, line }));
}

function rowsIn(value: unknown): readonly RowReference[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(rowsIn);
  if (isRow(value)) {
    const folded = 'duplicates' in value && Array.isArray(value.duplicates) ? value.duplicates.flatMap(rowsIn) : [];
    // A row that is gone or edited is not the one that was found.
    if ('state' in value && value.state === 'stale') return folded;
    return [{ uri: value.uri, line: value.line }, ...folded];
  }
  for (const key of ['row', 'rows', 'finding', 'group'] as const) {
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof inner === 'object' && inner !== null) return rowsIn(inner);
  }
  return [];
}

function isRow(value: object): value is RowReference & Partial<FindingRow> {
  return 'uri' in value && typeof value.uri === 'string' && 'line' in value && typeof value.line === 'number';
}

/** The first k rows of the shown finding, by cause, each with its near-duplicates. */
export function topRows(groups: readonly FindingGroup[], k: number): readonly RowReference[] {
  return groups
    .flatMap(({ rows }) => rows)
    .filter(({ traced }) => traced.score > 0)
    .sort((a, b) => a.traced.rank - b.traced.rank)
    .slice(0, k)
    .flatMap((row) => rowsIn(row));
}
