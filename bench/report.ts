/** The results as text: a table for the terminal and docs/benchmarks.md. */
import { loraRank, newTokens, promptTokens } from './plan';
import {
  agreement,
  type BenchResults,
  costPerRow,
  efficiency,
  type SideResult,
  type StageResult,
  speedUp,
  tokensPerSecond,
} from './results';
import { type Spread, spreadOf } from './statistics';

const columns = [
  'stage',
  'side',
  'tokens/s',
  's',
  'of raw MatMul',
  'mmG/row',
  'faster x',
  'RSS MiB',
  'anon MiB',
  'same',
];

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function middle(spread: Spread | undefined): string {
  return spread === undefined ? '' : digits(spread.median);
}

/** `median (min-max)` */
function range(spread: Spread | undefined, show: (value: number) => string): string {
  return spread === undefined ? '' : `${show(spread.median)} (${show(spread.min)}-${show(spread.max)})`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(0)}%`;
}

function mebibytes(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(0);
}

function sideRow(result: StageResult, name: string, side: SideResult, compared: readonly [string, string]): string[] {
  const perRow = result.arithmetic === null ? undefined : costPerRow(result, side);
  return [
    result.planned.title,
    name,
    middle(tokensPerSecond(result, side)),
    middle(spreadOf(side.samples.map(({ seconds }) => seconds))),
    range(efficiency(result, side), percent),
    middle(perRow),
    compared[0],
    mebibytes(side.memory.resident),
    mebibytes(side.memory.anonymous),
    compared[1],
  ];
}

function rowsOf(result: StageResult): string[][] {
  const compared = [range(speedUp(result), digits), agreement(result) ?? ''] as const;
  const ours = sideRow(result, 'Whence', result.whence, compared);
  return result.peer === null ? [ours] : [ours, sideRow(result, 'PyTorch', result.peer, ['', ''])];
}

function byShape(results: BenchResults): ReadonlyMap<string, readonly StageResult[]> {
  const groups = new Map<string, StageResult[]>();
  for (const stage of results.stages) {
    const { title, batch, tokens } = stage.shape;
    const key = `${title}; ${batch} rows of ${tokens} tokens`;
    groups.set(key, [...(groups.get(key) ?? []), stage]);
  }
  return groups;
}

/** Columns padded to their widest cell. */
export function printTable(results: BenchResults): string {
  const parts = [...byShape(results)].map(([title, stages]) => {
    const rows = [columns, ...stages.flatMap(rowsOf)];
    const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
    const lines = rows.map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    );
    return [title, ...lines].join('\n');
  });
  return `${parts.join('\n\n')}\n`;
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

export function printMarkdown(results: BenchResults): string {
  const { machine, threads } = results;
  const rates = results.stages.flatMap(({ whence, peer }) =>
    [...whence.samples, ...(peer?.samples ?? [])].map(({ rawRate }) => rawRate / 1e9),
  );
  const libraries = new Set(results.stages.flatMap(({ whence, peer }) => [whence.library, peer?.library ?? '']));
  const repeats = Math.max(...results.stages.map(({ whence }) => whence.samples.length));
  const sections = [...byShape(results)].map(
    ([title, stages]) => `## ${title}\n\n${markdownTable(stages.flatMap(rowsOf))}`,
  );
  return `# Benchmarks

Written by \`${results.command}\`; do not edit.

- Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memory.toFixed(0)} GiB memory, ${machine.system}, Node ${machine.node}; load ${machine.loadBefore.toFixed(1)} before; ${results.date.slice(0, 10)}.
- Device: cpu, float32, ${threads} threads on both sides. ${[...libraries].filter((name) => name !== '').join('; ')}.
- Raw float32 MatMul of the machine during the run: ${range(spreadOf(rates), digits)} GFLOP/s.

${sections.join('\n\n')}

## How to read it

Median (least-greatest) of up to ${repeats} repeats. Every stage and side is a process of its own; their repeats take turns, so that both meet
the same machine, and the raw MatMul rate is measured right before and right after each repeat: compare ratios, not seconds.

- **of raw MatMul**: operations of the matrix products that the stage cannot do without (forward: 2 x linear parameters x tokens and
  attention; twice that to the inputs; projections; nothing recomputed), divided by time and by the raw rate around that repeat.
- **mmG/row**: seconds x raw GFLOP/s / rows.
- **faster x**: PyTorch's time divided by Whence's, pair by pair.
- **RSS**: highest resident set of the process (VmHWM), with runtime, loading and mapped weights. **anon**: highest anonymous memory, sampled.
- **same**: both sides started from the same weights and computed the same loss (to 1e-3), or the same tokens.

Forward and backward read the weights where they lie in the file; projected gradients and LoRA steps, which go over many batches, hold
them packed for products (about 1 GB more for SmolLM2, a tenth less time). The LoRA step has rank ${loraRank} on q_proj and v_proj. Generation continues ${promptTokens} tokens by ${newTokens}, one sequence, with a key-value cache.

## Run it

\`\`\`
npm ci
npm run model:smollm2            # the real model; without it only the 8M shape is measured
npm run bench:peers              # the Python yardsticks, into .cache/peers; leave it out to measure Whence alone
npm run bench -- --peers --write # this page; without --write only the table and .cache/bench/results.json
\`\`\`
`;
}
