/** docs/influence-speed.md from what influenceSpeed.ts measured. It measures nothing. */
import type { Machine } from '../machine';
import type { PeakMemory } from '../stageProcess';
import { type Spread, spreadOf } from '../statistics';
import type { InfluenceRepeat, InfluenceStage } from './influenceTask';

/** One side of a stage on one shape. */
export interface MeasuredSide {
  readonly shape: string;
  readonly stage: InfluenceStage;
  readonly side: string;
  readonly library: string;
  readonly repeats: readonly { readonly repeat: InfluenceRepeat; readonly rawRate: number }[];
  readonly memory: PeakMemory;
}

const titles: Readonly<Record<InfluenceStage, string>> = {
  index: 'index: gradients of a LoRA adapter (q and v), stored',
  logra: 'index: gradients of all linear layers, projected 16 x 16, stored',
  ekfacFit: 'EK-FAC fit of all linear layers',
  ekfacScores: 'EK-FAC scores of all rows',
  bm25: 'BM25 of 100,000 rows: index and a query',
};

const columns = ['stage', 'side', 'seconds', 'mmG/row', 'faster x', 'RSS MiB', 'share', 'disk MiB', 'share'];

export function influenceReport(measured: readonly MeasuredSide[], machine: Machine, command: string): string {
  const shapes = [...new Set(measured.map(({ shape }) => shape))];
  const libraries = [...new Set(measured.map(({ library }) => library))].join('; ');
  const rates = spreadOf(measured.flatMap(({ repeats }) => repeats.map(({ rawRate }) => rawRate / 1e9)));
  return [
    '# Speed of influence',
    '',
    `Written by \`${command}\`; do not edit.`,
    '',
    `- Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memory.toFixed(0)} GiB, ${machine.system}, Node ${machine.node}; load ${machine.loadBefore.toFixed(1)} before; ${new Date().toISOString().slice(0, 10)}.`,
    `- ${libraries}; the same rows, threads and kinds of estimate on both sides, each a process of its own.`,
    `- Raw float32 MatMul of the machine during the run: ${range(rates, (rate) => rate.toFixed(0))} GFLOP/s.`,
    '',
    ...shapes.flatMap((shape) => [`## ${shape}`, '', ...table(measured.filter((one) => one.shape === shape)), '']),
    'Median (least-greatest) of the repeats, which take turns. **mmG/row**: seconds x raw GFLOP/s around that repeat / rows, so that a busy',
    'moment of the machine does not count. **faster x**: the yardstick’s mmG/row divided by Whence’s, repeat by repeat. **RSS**: highest',
    'resident set of the process, mapped files included; **share**: Whence’s part of the yardstick’s.',
    '',
  ].join('\n');
}

function table(measured: readonly MeasuredSide[]): string[] {
  const stages = [...new Set(measured.map(({ stage }) => stage))];
  const rows = stages.flatMap((stage) => {
    const sides = measured.filter((one) => one.stage === stage);
    const peer = sides.find(({ side }) => side === 'peer');
    return sides.flatMap((side) => rowsOf(side, side === peer ? undefined : peer));
  });
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function rowsOf(measured: MeasuredSide, peer: MeasuredSide | undefined): string[][] {
  const { stage, side, library, repeats, memory } = measured;
  const total = [
    titles[stage],
    side === 'peer' ? library : side,
    range(spreadOf(repeats.map(({ repeat }) => repeat.seconds)), digits),
    range(spreadOf(costs(measured)), digits),
    peer === undefined ? '' : range(spreadOf(costs(peer).map((cost, i) => cost / costs(measured)[i]!)), digits),
    (memory.resident ?? Number.NaN).toFixed(0),
    peer === undefined ? '' : share(memory.resident, peer.memory.resident),
    digits(repeats.at(-1)!.repeat.diskMiB),
    peer === undefined ? '' : share(repeats.at(-1)!.repeat.diskMiB, peer.repeats.at(-1)!.repeat.diskMiB),
  ];
  const steps = Object.keys(repeats[0]!.repeat.parts);
  if (steps.length === 1) return [total];
  const of = (step: string): string[] => {
    const seconds = spreadOf(repeats.map(({ repeat }) => repeat.parts[step]!));
    return [`- ${step}`, '', range(seconds, digits), '', '', '', '', '', ''];
  };
  return [total, ...steps.map(of)];
}

/** Seconds x raw GFLOP/s / rows of each repeat. */
function costs({ repeats }: MeasuredSide): number[] {
  return repeats.map(({ repeat, rawRate }) => (repeat.seconds * rawRate) / 1e9 / repeat.rows);
}

function range({ median, min, max }: Spread, show: (value: number) => string): string {
  return min === max ? show(median) : `${show(median)} (${show(min)}-${show(max)})`;
}

function share(own: number | undefined, other: number | undefined): string {
  return own === undefined || other === undefined ? '' : `${((100 * own) / other).toFixed(0)} %`;
}

function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 1 ? value.toPrecision(3) : value.toPrecision(2);
}
