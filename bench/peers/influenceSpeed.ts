/**
 * How fast the yardsticks of influence are beside the machine's raw MatMul rate and beside Whence's
 * (whenceInfluence.ts), in turns in one run. It computes nothing itself: every stage and side is a child process.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine';
import { prepareModelFolder } from '../modelFolders';
import { loraRank } from '../plan';
import { type BenchShape, benchShapes, linearGroups, tokenIds } from '../shapes';
import { StageProcess } from '../stageProcess';
import { spreadOf } from '../statistics';
import { influenceReport, type MeasuredSide } from './influenceReport';
import { type InfluenceRepeat, type InfluenceStage, type InfluenceTask, influenceStages } from './influenceTask';
import { peerPython } from './runPeer.mjs';
import { syntheticTexts } from './syntheticTexts';

const usage = `node bench/peers/influence.mjs [options]
  --shapes a,b    of ${benchShapes.map(({ id }) => id).join(', ')} (default: all that were fetched)
  --stages a,b    of ${influenceStages.join(', ')} (default: all; ekfacScores needs ekfacFit before it)
  --sides a,b     of Whence, peer (default: both)
  --repeats N     timed repeats of each stage (default: 3)
  --write         docs/influence-speed.md as well
  --threads N     threads of one operator (default: as many as there are cores)
`;

const cache = path.join('.cache', 'bench', 'influence');
const programs = path.dirname(process.argv[1]!);
const projection = 16;
const lexicalRows = 100_000;

/** Rows and queries of a repeat, and untimed repeats before the timed ones. */
interface Size {
  readonly rows: number;
  readonly queries: number;
  readonly warmUps: number;
}

/** Large enough that a row's cost shows, small enough that a slow yardstick ends within minutes. */
function sizeOf(shape: BenchShape, stage: InfluenceStage): Size {
  const few = shape.id === 'smollm2';
  if (stage === 'index' || stage === 'logra') return { rows: few ? 8 : 64, queries: 0, warmUps: 1 };
  return { rows: few ? 8 : 64, queries: few ? 2 : 4, warmUps: 0 };
}

interface Side {
  readonly name: string;
  readonly process: StageProcess;
  readonly library: string;
  readonly repeats: { readonly repeat: InfluenceRepeat; readonly rawRate: number }[];
}

function nodeProgram(file: string): readonly [string, ...string[]] {
  return [process.execPath, '--enable-source-maps', file];
}

function taskOf(shape: BenchShape, stage: InfluenceStage, modelFolder: string, threads: number, side: string) {
  const { rows, queries } = sizeOf(shape, stage);
  const sequence = (_: unknown, row: number) => tokenIds(shape, row, shape.tokens);
  const sequences = Array.from({ length: rows + queries }, sequence);
  const folder = path.resolve(cache, `${shape.id}-${side}`);
  mkdirSync(folder, { recursive: true });
  return {
    stage,
    modelFolder,
    threads,
    rows: sequences.slice(0, rows),
    queries: sequences.slice(rows),
    rowBatch: shape.batch,
    queryBatch: Math.max(1, queries),
    projection,
    loraRank,
    folder,
    texts: path.resolve(cache, 'texts.jsonl'),
    queryTexts: syntheticTexts(lexicalRows, 20),
  } satisfies InfluenceTask;
}

/** Products that the shape's layers multiply, and a square that fills the caches well. */
function rawProducts(shape: BenchShape): readonly (readonly [number, number, number])[] {
  const rows = shape.batch * shape.tokens;
  const layers = linearGroups(shape)
    .flat()
    .map(([input, output]) => [rows, input, output] as const);
  return [...new Map([...layers, [1024, 1024, 1024] as const].map((product) => [product.join(), product])).values()];
}

async function measureStage(
  shape: BenchShape,
  stage: InfluenceStage,
  commands: ReadonlyMap<string, readonly [string, ...string[]]>,
  options: { readonly modelFolder: string; readonly threads: number; readonly repeats: number },
): Promise<MeasuredSide[]> {
  const raw = new StageProcess(nodeProgram(path.join(programs, 'rawMatMul.mjs')));
  await raw.start({ threads: options.threads, products: rawProducts(shape) });
  const rawRate = async (): Promise<number> => (await raw.repeat()).check.rate!;
  await rawRate();
  const sides: Side[] = [];
  for (const [name, command] of commands) {
    const stageProcess = new StageProcess(command);
    const task = taskOf(shape, stage, options.modelFolder, options.threads, name);
    const { library } = await stageProcess.start(task);
    for (let i = 0; i < sizeOf(shape, stage).warmUps; i += 1) await stageProcess.repeat();
    sides.push({ name, process: stageProcess, library, repeats: [] });
  }
  for (let i = 0; i < options.repeats; i += 1) {
    for (const side of sides) {
      const before = await rawRate();
      const repeat = (await side.process.repeat()) as InfluenceRepeat;
      side.repeats.push({ repeat, rawRate: (before + (await rawRate())) / 2 });
    }
  }
  await raw.end();
  const measured: MeasuredSide[] = [];
  for (const { name, process: stageProcess, library, repeats } of sides)
    measured.push({ shape: shape.title, stage, side: name, library, repeats, memory: await stageProcess.end() });
  return measured;
}

/** One line a step, and one for their sum where there are several. */
function linesOf({ shape, stage, side, repeats, memory }: MeasuredSide): string[] {
  const rows = repeats[0]!.repeat.rows;
  const line = (step: string, seconds: (repeat: InfluenceRepeat) => number): string => {
    const { median, min, max } = spreadOf(repeats.map(({ repeat }) => seconds(repeat)));
    const cost = spreadOf(repeats.map(({ repeat, rawRate }) => (seconds(repeat) * rawRate) / 1e9 / rows)).median;
    const rate = spreadOf(repeats.map(({ rawRate }) => rawRate / 1e9)).median;
    const cells = [
      `${shape.slice(0, 1)} ${stage} ${step}`.padEnd(36),
      side.padEnd(8),
      `${median.toPrecision(4)} s (${min.toPrecision(3)}-${max.toPrecision(3)})`.padEnd(26),
      `${(median / rows).toPrecision(3)} s/row`.padEnd(18),
      `${cost.toPrecision(3)} mmG/row`.padEnd(18),
      `raw ${rate.toFixed(0)} GFLOP/s`.padEnd(18),
      `${(memory.resident ?? Number.NaN).toFixed(0)} MiB`.padEnd(10),
      `${repeats.at(-1)!.repeat.diskMiB.toFixed(1)} MiB disk`,
    ];
    return cells.join(' ');
  };
  const steps = Object.keys(repeats[0]!.repeat.parts);
  const each = steps.map((step) => line(step, ({ parts }) => parts[step]!));
  return steps.length === 1 ? each : [...each, line('all', ({ seconds }) => seconds)];
}

function choose<Id extends string>(all: readonly Id[], list: string | undefined): readonly Id[] {
  if (list === undefined) return all;
  return list.split(',').map((id) => {
    const found = all.find((known) => known === id);
    if (found === undefined) throw new Error(`${id} is none of ${all.join(', ')}`);
    return found;
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      shapes: { type: 'string' },
      stages: { type: 'string' },
      sides: { type: 'string' },
      repeats: { type: 'string', default: '3' },
      write: { type: 'boolean', default: false },
      threads: { type: 'string', default: String(availableParallelism()) },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return;
  }
  const commands = new Map<string, readonly [string, ...string[]]>();
  const sides = choose(['Whence', 'peer'] as const, values.sides);
  if (sides.includes('Whence')) commands.set('Whence', nodeProgram(path.join(programs, 'whenceInfluence.mjs')));
  if (sides.includes('peer')) commands.set('peer', [peerPython(), path.join('bench', 'peers', 'influence_worker.py')]);
  const ids = choose(
    benchShapes.map(({ id }) => id),
    values.shapes,
  );
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const stages = choose(influenceStages, values.stages);
  if (stages.includes('bm25')) {
    const lines = syntheticTexts(0, lexicalRows).map((text) => `${JSON.stringify({ text })}\n`);
    writeFileSync(path.join(cache, 'texts.jsonl'), lines.join(''));
  }
  const all: MeasuredSide[] = [];
  const machine = describeMachine();
  for (const shape of benchShapes.filter(({ id }) => ids.includes(id))) {
    const modelFolder = await prepareModelFolder(shape);
    if (modelFolder === undefined) {
      console.error(`${shape.title} is left out: npm run model:smollm2 fetches it.`);
      continue;
    }
    for (const stage of stages) {
      // The lexical stage knows no model: once is enough.
      if (stage === 'bm25' && shape !== benchShapes.find(({ id }) => ids.includes(id))) continue;
      console.error(`${shape.id} ${stage} ...`);
      const options = { modelFolder, threads: Number(values.threads), repeats: Number(values.repeats) };
      const measured = await measureStage(shape, stage, commands, options);
      all.push(...measured);
      // After each stage, because a long run may be interrupted.
      console.log(measured.flatMap(linesOf).join('\n'));
      const file = path.join('.cache', 'bench', 'influence.json');
      writeFileSync(file, `${JSON.stringify({ date: new Date().toISOString(), machine, stages: all }, null, 1)}\n`);
    }
  }
  if (values.write) {
    const command = ['npm run bench:influence --', ...process.argv.slice(2)].join(' ');
    writeFileSync(path.join('docs', 'influence-speed.md'), influenceReport(all, machine, command));
  }
}

await main();
