import { resolveData, resolveModel } from '../../jobs/resolveSources';
import type { ScoredRow, ScoredRows, ScoreRequest } from '../../protocol/requests';
import { openCommandContext } from '../commandContext';
import type { ScoreFlags } from '../commands/score';
import { noUsableRow } from '../noUsableRow';
import { formatTable } from '../printTable';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, refuseOverwriting, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';

/** Rows that are listed for people. */
const listedRows = 10;

/** Scores data files and prints totals and the most surprising rows. */
export async function runScore(flags: ScoreFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const context = await openCommandContext(flags);
  const data = resolveData(flags.data, context);
  refuseOverwriting(flags.out, data);
  const request: ScoreRequest = {
    kind: 'score',
    compute: context.compute,
    model: resolveModel(flags.model, flags.adapter, context),
    data,
    perToken: flags.tokens ? 'tokens' : 'rows',
    maxLength: flags.maxLength,
    batchSize: flags.batchSize,
  };
  const rows: ScoredRow[] = [];
  const { result, device, seconds, memory } = await runJob(request, flags, (event) => {
    const scored = event as ScoredRows;
    if (scored.kind === 'scoredRows') rows.push(...scored.rows);
  });
  const { model, problems, warnings } = result;
  const labels = request.data.map(({ label }) => label);
  if (rows.length === 0) throw noUsableRow(labels, problems);
  const settings = { maxLength: request.maxLength, batchSize: request.batchSize };
  const document = {
    schema: 'whence.score/1',
    model,
    settings,
    device: device?.device,
    seconds,
    memory,
    rows,
    problems,
    warnings,
  };
  if (flags.out !== undefined) await writeTable(flags.out, columns, rows, document);
  if (flags.json) printJson(document);
  else printSummary(rows);
  if (flags.json || flags.quiet) return;
  printProblems(problems, warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

const columns: readonly TableColumn<ScoredRow>[] = [
  { name: 'file', type: 'STRING', value: ({ file }) => file },
  { name: 'row', type: 'INT32', value: ({ row }) => row },
  { name: 'line', type: 'INT32', value: ({ line }) => line },
  { name: 'hash', type: 'STRING', value: ({ hash }) => hash },
  { name: 'loss', type: 'DOUBLE', value: ({ loss }) => loss },
  { name: 'trainedTokens', type: 'INT32', value: ({ trainedTokens }) => trainedTokens },
];

function printSummary(rows: readonly ScoredRow[]): void {
  const loss = rows.reduce((sum, row) => sum + row.loss, 0);
  const tokens = rows.reduce((sum, row) => sum + row.trainedTokens, 0);
  if (tokens === 0) {
    process.stdout.write('No row has a trained token.\n');
    return;
  }
  const mean = loss / tokens;
  process.stdout.write(
    `${rows.length} rows, ${tokens} trained tokens: mean loss ${mean.toFixed(4)} nats a token, perplexity ${Math.exp(mean).toFixed(2)}\n\n`,
  );
  const perToken = (row: ScoredRow): number => row.loss / row.trainedTokens;
  const worst = [...rows].sort((a, b) => perToken(b) - perToken(a)).slice(0, listedRows);
  process.stdout.write('Most surprising rows, by loss a token:\n');
  process.stdout.write(
    formatTable(
      [
        {
          title: 'row',
          align: 'left',
          cell: ({ file, line, row }) => (line === null ? `${file} row ${row}` : `${file}:${line}`),
        },
        { title: 'nats/token', align: 'right', cell: (row) => perToken(row).toFixed(3) },
        { title: 'nats', align: 'right', cell: (row) => row.loss.toFixed(2) },
        { title: 'tokens', align: 'right', cell: (row) => `${row.trainedTokens}` },
      ],
      worst,
    ),
  );
}
