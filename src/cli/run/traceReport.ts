import type { TraceDocument, TracedGroup, TracedQuery, TracedRow } from '../../protocol/influence';
import { type Column, formatTable, oneLine } from '../printTable';

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
    `   ${query.measurementName} ${query.measurement.toFixed(2)} nats. ${gateText(query)}`,
  ];
  if (query.rows.length === 0) return `${lines.join('\n')}\n`;
  lines.push(`   ${verdictText(query)}`);
  lines.push(
    `   ${method}, evidence: ${evidenceText[evidence]}, ${(100 * coverage.share).toFixed(1)} % of the trained parameters, ${dampingText(query, Number(settings.damping))}`,
    '',
  );
  const table = formatTable(
    rowColumns(query),
    query.rows.map((row) => ({ row, strongest: strongestOf(query) })),
  );
  const groups = query.groups.slice(0, listedGroups);
  return `${lines.join('\n')}\n${table}\n${formatTable(groupColumns, groups)}`;
}

const evidenceText = {
  replayed: 'the recorded run',
  surrogate: 'a run that is not this model’s own',
  finalWeights: 'the final weights only',
} as const;

function gateText({ gate }: TracedQuery): string {
  const ratio = `${gate.logRatio.toFixed(2)} nats a token more than the base (${gate.interval.map((x) => x.toFixed(2)).join(' to ')})`;
  switch (gate.verdict) {
    case 'tuned':
      return `The fine-tune made it: ${ratio}.`;
    case 'base':
      return 'The base model does this already: not from this data. (--always ranks rows all the same.)';
    case 'neither':
      return `The fine-tune did not make it: ${ratio}. (--always ranks rows all the same.)`;
    case 'unknown':
      return 'Without its base model nothing says whether the fine-tune made it.';
  }
}

function verdictText({ verdict, threshold, rows }: TracedQuery): string {
  if (threshold === null) return 'No control queries: nothing says which scores are noise.';
  if (verdict === 'noRowStandsOut') return 'No row stands out from what control queries score.';
  const above = rows.filter(({ aboveNull }) => aboveNull).length;
  return `${above} listed rows above what control queries score (${threshold.toPrecision(3)}).`;
}

function dampingText({ dampingSensitivity }: TracedQuery, damping: number): string {
  if (dampingSensitivity === null) return 'no damping';
  const { tenth, tenfold } = dampingSensitivity;
  return `damping ${damping} (rank correlation ${tenth.toFixed(2)} at a tenth, ${tenfold.toFixed(2)} at ten times)`;
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

/** `▲ ███▌`: the sign by shape, the strength by length; `≈` where the row is of the behaviour's kind too. */
export function tag({ score, kind }: Pick<TracedRow, 'score' | 'kind'>, strongest: number): string {
  const sign = score > 0 ? '▲' : score < 0 ? '▼' : ' ';
  const alike = kind !== null && kind.score >= alikeFrom ? '≈' : ' ';
  const eighths = strongest === 0 ? 0 : Math.round((Math.abs(score) / strongest) * 8 * barWidth);
  const bar = '█'.repeat(Math.floor(eighths / 8)) + (eighths % 8 === 0 ? '' : partial[(eighths % 8) - 1]!);
  return `${sign}${alike}${bar.padEnd(barWidth)}`;
}

const barWidth = 4;
const partial = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/** Similarity from which a row counts as of the behaviour's kind. */
const alikeFrom = 0.5;

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
