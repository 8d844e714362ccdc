import type { Figure, VerifiedQuery, VerifyOutcome } from '../../protocol/verification';
import { type Column, formatTable, oneLine } from '../printTable';

/** Rows that are listed of each query. */
const listedRows = 8;

/** What `whence verify` prints: changes of every query, the rows, agreement, tests. */
export function formatVerification(outcome: VerifyOutcome): string {
  const { queries, evidence, method, calibration } = outcome;
  const sections = [
    `Trained again without the rows, weight 0 in place (evidence: ${evidence}). A change above 0 nats: with the rows the model\ngave the completion more readily.\n`,
    formatTable(queryColumns(outcome), queries),
    rowLists(outcome),
    agreementText(outcome),
    calibration === null
      ? `The predicted sums of ${method} have no unit here: only their sign and order are compared.\n`
      : `Calibrated on ${calibration.retrainings} retrainings: a score of 1 went with ${figureText(calibration.slope)} nats.\n`,
    testsText(outcome),
    `${outcome.retrainings.computed} retrainings computed, ${outcome.retrainings.read} read from the store.\n`,
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function queryColumns({ queries, calibration, settings }: VerifyOutcome): Column<VerifiedQuery>[] {
  const nats = (value: number): string => (value >= 0 ? '+' : '') + value.toFixed(3);
  const columns: Column<VerifiedQuery>[] = [
    { title: 'query', align: 'left', cell: ({ id }) => oneLine(id, 32) },
    { title: 'nats', align: 'right', cell: ({ measurement }) => measurement.toFixed(3) },
    { title: 'rows', align: 'right', cell: ({ removed }) => `${removed.length}` },
    { title: 'predicted', align: 'right', cell: ({ outcome }) => outcome.predicted.toPrecision(3) },
  ];
  if (calibration !== null)
    columns.push({
      title: 'in nats',
      align: 'right',
      cell: ({ outcome: { predictedNats } }) => (predictedNats === null ? '' : nats(predictedNats)),
    });
  columns.push(
    { title: 'change', align: 'right', cell: ({ outcome }) => nats(outcome.actual) },
    { title: 'bm25 rows', align: 'right', cell: ({ bm25 }) => nats(bm25.actual) },
  );
  if (queries.some(({ random }) => random.length > 0))
    columns.push({
      title: 'random rows',
      align: 'right',
      cell: ({ random }) => rangeText(random.map((r) => r.actual)),
    });
  if (Array.isArray(settings.reshuffleSeeds) && settings.reshuffleSeeds.length > 0)
    columns.push({
      title: 'reshuffled',
      align: 'right',
      cell: ({ reshuffled }) => rangeText(reshuffled.map(({ actual }) => actual)),
    });
  columns.push({ title: 'sign', align: 'left', cell: ({ signRight }) => (signRight ? 'as predicted' : 'other') });
  return columns;

  function rangeText(values: readonly number[]): string {
    if (values.length === 0) return '';
    if (values.length === 1) return nats(values[0]!);
    return `${nats(Math.min(...values))} … ${nats(Math.max(...values))}`;
  }
}

function rowLists({ queries }: VerifyOutcome): string {
  const named = queries.map(({ id, removed }) => {
    const rows = removed
      .slice(0, listedRows)
      .map(({ file, line, row }) => (line === null ? `${file} row ${row}` : `${file}:${line}`));
    const more = removed.length > listedRows ? ` and ${removed.length - listedRows} more` : '';
    return { id, text: rows.join(', ') + more };
  });
  if (new Set(named.map(({ text }) => text)).size === 1) return `Taken away: ${named[0]!.text}\n`;
  return named.map(({ id, text }) => `Taken away for ${id}: ${text}\n`).join('');
}

function agreementText({ summary: { removals, all }, queries }: VerifyOutcome): string {
  const right = queries.filter(({ signRight }) => signRight).length;
  const beyond = queries.filter(({ beyondRandom }) => beyondRandom).length;
  const lines = [`The change had the predicted sign for ${right} of ${queries.length} queries.`];
  if (queries.some(({ beyondRandom }) => beyondRandom !== null))
    lines.push(`It was larger than that of every random removal for ${beyond} of ${queries.length}.`);
  if (removals.spearman !== null) lines.push(`Rank correlation over queries: ${figureText(removals.spearman)}.`);
  if (all.spearman !== null)
    lines.push(`Over all ${all.pairs} removals, random and BM25's included: ${figureText(all.spearman)}.`);
  return `${lines.join('\n')}\n`;
}

function testsText({ tests }: VerifyOutcome): string {
  if (tests === null) return '';
  const overall = tests.rates.filter(({ tag }) => tag === null);
  const table = formatTable(
    [
      { title: 'behaviour tests', align: 'left', cell: ({ model }) => oneLine(model, 60) },
      { title: 'passed', align: 'right', cell: ({ passed, tests: count }) => `${passed} of ${count}` },
      {
        title: 'fixed',
        align: 'right',
        cell: ({ model }) => `${tests.comparisons.find(({ to }) => to === model)?.fixed.length ?? ''}`,
      },
      {
        title: 'regressed',
        align: 'right',
        cell: ({ model }) => `${tests.comparisons.find(({ to }) => to === model)?.regressed.length ?? ''}`,
      },
    ],
    overall,
  );
  return table;
}

/** `.92 (.85 to .97)` */
export function figureText({ estimate, low, high }: Figure): string {
  const short = (value: number): string =>
    Math.abs(value) >= 100 || value === 0 ? value.toFixed(0) : value.toPrecision(3);
  return `${short(estimate)} (${short(low)} to ${short(high)})`;
}
