import { dampingText, evidenceText, gateText, verdictText } from '../../protocol/display/findingTexts';
import { tag } from '../../protocol/display/rowTag';
import { englishTexts } from '../../protocol/display/serverText';
import type { TraceDocument, TracedGroup, TracedQuery, TracedRow } from '../../protocol/influence';
import { type Column, formatTable, oneLine } from '../printTable';

const { say } = englishTexts;

/** Groups that are listed of each query. */
const listedGroups = 4;
const textWidth = 72;

/** What a method found, for people: what there is to explain first, then rows, then groups. */
export function formatTrace(document: TraceDocument): string {
  return document.queries.map((query) => formatQuery(query, document)).join('\n');
}

function formatQuery(query: TracedQuery, { method, evidence, coverage, settings }: TraceDocument): string {
  const lines = [
    `── ${query.id}: ${oneLine(query.prompt, textWidth)}`,
    `   → ${oneLine(query.completion, textWidth)}`,
    `   ${query.measurementName} ${query.measurement.toFixed(2)} nats. ${gateText(query, '--always', say)}`,
  ];
  if (query.rows.length === 0) return `${lines.join('\n')}\n`;
  lines.push(`   ${verdictText(query, say)}`);
  lines.push(
    `   ${method}, evidence: ${evidenceText(evidence, say)}, ${(100 * coverage.share).toFixed(1)} % of the trained parameters, ${dampingText(query, Number(settings.damping), say)}`,
    '',
  );
  const table = formatTable(
    rowColumns(query),
    query.rows.map((row) => ({ row, strongest: strongestOf(query) })),
  );
  const groups = query.groups.slice(0, listedGroups);
  return `${lines.join('\n')}\n${table}\n${formatTable(groupColumns, groups)}`;
}

interface Listed {
  readonly row: TracedRow;
  /** Largest absolute score of the query. */
  readonly strongest: number;
}

function strongestOf({ rows }: TracedQuery): number {
  return rows.reduce((most, { score }) => Math.max(most, Math.abs(score)), 0);
}

function rowColumns(query: TracedQuery): readonly Column<Listed>[] {
  return [
    { title: '', align: 'left', cell: ({ row, strongest }) => tag(row, strongest) },
    { title: 'rank', align: 'right', cell: ({ row }) => `${row.rank}` },
    { title: 'score', align: 'right', cell: ({ row }) => row.score.toPrecision(3) },
    { title: 'kind', align: 'right', cell: ({ row }) => (row.kind === null ? '' : row.kind.score.toFixed(2)) },
    { title: 'bm25', align: 'right', cell: ({ row }) => `#${row.bm25Rank}` },
    { title: 'group', align: 'right', cell: ({ row }) => `${row.group}` },
    { title: 'row', align: 'left', cell: ({ row }) => place(row) },
    {
      title: query.rows.some(({ aboveNull }) => !aboveNull) ? 'text (· within the null)' : 'text',
      align: 'left',
      cell: ({ row }) => `${row.aboveNull ? ' ' : '·'} ${oneLine(row.text, textWidth)}`,
    },
  ];
}

function place({ file, line, row }: Pick<TracedRow, 'file' | 'line' | 'row'>): string {
  return line === null ? `${file} row ${row}` : `${file}:${line}`;
}

const groupColumns: readonly Column<TracedGroup>[] = [
  { title: 'group', align: 'right', cell: ({ group }) => `${group}` },
  { title: 'rows', align: 'right', cell: ({ rows }) => `${rows}` },
  { title: 'score', align: 'right', cell: ({ cause }) => cause.toPrecision(3) },
  { title: 'share', align: 'right', cell: ({ share }) => `${(100 * share).toFixed(0)} %` },
  { title: 'kind', align: 'right', cell: ({ kind }) => kind.toFixed(2) },
  { title: 'such as', align: 'left', cell: ({ example }) => `${example.file} row ${example.row}` },
];
