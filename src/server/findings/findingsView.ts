import { dampingText, evidenceText, gateText, verdictText } from '../../protocol/display/findingTexts';
import type { Say, ServerTexts } from '../../protocol/display/serverText';
import type { FindingGroup, FindingRow, FindingsView, RowVerdict } from '../../protocol/editorFindings';
import type { TracedGroup, TracedRow } from '../../protocol/influence';
import type { ShownFinding } from '../traces/createTraceShelf';

export interface FindingsChoice {
  readonly order: 'cause' | 'kind';
  readonly rows: 'aboveNull' | 'all';
}

/** Where a traced row stands now. */
export type RowPlace = (row: Pick<TracedRow, 'file' | 'hash' | 'line'>) => Pick<FindingRow, 'uri' | 'line' | 'state'>;

/** Rows that the view lists at most: beyond them nobody reads a tree. */
const mostRows = 2000;

/** The Findings view: groups by kind, rows by cause or by kind, near-duplicates folded into the strongest of them. */
export function findingsView(
  { active, record, document, query }: ShownFinding,
  choice: FindingsChoice,
  placeOf: RowPlace,
  verdictOf: (hash: string) => RowVerdict,
  { say, translate }: ServerTexts,
): FindingsView {
  const wanted = query.rows.filter(({ aboveNull }) => choice.rows === 'all' || aboveNull);
  const ordered = [...wanted].sort(orders[choice.order]).slice(0, mostRows);
  const clusters = new Map<number, TracedRow[]>();
  for (const row of ordered) {
    const cluster = clusters.get(row.duplicates);
    if (cluster === undefined) clusters.set(row.duplicates, [row]);
    else cluster.push(row);
  }
  const finding = (row: TracedRow): FindingRow => ({
    ...placeOf(row),
    traced: row,
    verdict: verdictOf(row.hash),
    duplicates: [],
  });
  const groups = new Map<number, FindingRow[]>();
  for (const [first, ...others] of clusters.values()) {
    const folded = { ...finding(first!), duplicates: others.map(finding) };
    const group = groups.get(first!.group);
    if (group === undefined) groups.set(first!.group, [folded]);
    else group.push(folded);
  }
  const known = new Map(query.groups.map((group) => [group.group, group]));
  return {
    active,
    title: record.title,
    prompt: query.prompt,
    completion: query.completion,
    headline:
      `${gateText(query, say('finding.rankAnyway'), say)} ${query.rows.length === 0 ? '' : verdictText(query, say)}`.trim(),
    verdict: query.verdict,
    groups: [...groups].map(([group, rows]) => groupOf(known.get(group), group, rows, say)),
    trust: [
      say('finding.method', { method: document.method, evidence: evidenceText(document.evidence, say) }),
      say('finding.coverage', { percent: (100 * document.coverage.share).toFixed(1) }),
      `${capital(dampingText(query, Number(document.settings.damping), say))}.`,
      ...document.warnings.map(({ message }) => translate(message)),
    ],
  };
}

const orders = {
  cause: (a: TracedRow, b: TracedRow) => a.rank - b.rank,
  kind: (a: TracedRow, b: TracedRow) => (a.kind?.rank ?? a.rank) - (b.kind?.rank ?? b.rank),
} as const;

function groupOf(known: TracedGroup | undefined, group: number, rows: readonly FindingRow[], say: Say): FindingGroup {
  const share = known?.share ?? 0;
  const size = known?.rows ?? rows.length;
  return { group, rows, size, share, title: say('finding.group', { group: group + 1, count: size }) };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
