import type { FindingGroup, FindingRow, FindingsView } from '../../../protocol/editorFindings';

/** An entry of the Findings view. */
export type FindingNode =
  /** What the gate says: always the first. */
  | { readonly kind: 'headline'; readonly view: FindingsView }
  /** Offered where the gate found nothing to explain. */
  | { readonly kind: 'rankAnyway' }
  | { readonly kind: 'group'; readonly group: FindingGroup; readonly rows: readonly FindingRow[] }
  | { readonly kind: 'row'; readonly row: FindingRow; readonly parent: 'group' | 'row' };

/** The tree of a finding: its headline, then groups with the rows whose text or file holds the filter. */
export function rootNodes(view: FindingsView, filter: string): readonly FindingNode[] {
  const nodes: FindingNode[] = [{ kind: 'headline', view }];
  if (isUnranked(view)) nodes.push({ kind: 'rankAnyway' });
  for (const group of view.groups) {
    const rows = group.rows.filter((row) => matches(row, filter));
    if (rows.length > 0) nodes.push({ kind: 'group', group, rows });
  }
  return nodes;
}

export function childNodes(node: FindingNode): readonly FindingNode[] {
  if (node.kind === 'group') return node.rows.map((row) => ({ kind: 'row', row, parent: 'group' }));
  if (node.kind === 'row') return node.row.duplicates.map((row) => ({ kind: 'row', row, parent: 'row' }));
  return [];
}

/** The gate held rows back: they are ranked on request only. */
export function isUnranked({ verdict }: FindingsView): boolean {
  return verdict === 'baseDoesIt' || verdict === 'notRanked';
}

/** Every row, near-duplicates after the one they are folded into. */
export function allRows({ groups }: FindingsView): readonly FindingRow[] {
  return groups.flatMap(({ rows }) => rows.flatMap((row) => [row, ...row.duplicates]));
}

/** A row stays with its near-duplicates: one that matches shows them all. */
function matches(row: FindingRow, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  if (wanted === '') return true;
  return [row, ...row.duplicates].some(({ traced }) =>
    `${traced.text} ${traced.file}:${traced.line ?? traced.row + 1}`.toLowerCase().includes(wanted),
  );
}
