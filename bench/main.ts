/**
 * `npm run bench`: measures the engine stage by stage beside the machine's raw float32 MatMul rate and, with --peers,
 * beside the same work in PyTorch. It computes nothing itself: every stage is a child process.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine';
import { prepareModelFolder } from './modelFolders';
import { loraRank, newTokens, type PlannedStage, plannedStages, promptTokens } from './plan';
import type { StageTask } from './protocol';
import { printMarkdown, printTable } from './report';
import type { BenchResults, Sample, SideResult, StageResult } from './results';
import { type BenchShape, benchShapes, linearGroups, stageArithmetic, tokenIds } from './shapes';
import { StageProcess } from './stageProcess';

const usage = `npm run bench -- [options]
  --peers            measure the same work in PyTorch too (npm run bench:peers sets it up)
  --python FILE      Python of the peers (default: the one in .cache/peers)
  --shapes a,b       of ${benchShapes.map(({ id }) => id).join(', ')} (default: all; smollm2 only where the model was fetched)
  --stages a,b       of ${plannedStages.map(({ id }) => id).join(', ')} (default: all)
  --repeats N        timed repeats of each stage (default: 5)
  --threads N        threads of one operator (default: as many as there are cores)
  --json FILE        where the results go (default: .cache/bench/results.json)
  --write            write docs/benchmarks.md
`;

const programs = path.dirname(process.argv[1]!);
const warmUps = 2;
/** Load average from which ratios mean little. */
const busyFrom = 0.7;

interface Options {
  readonly shapes: readonly BenchShape[];
  readonly stages: readonly PlannedStage[];
  readonly repeats: number;
  readonly threads: number;
  /** undefined: no peers. */
  readonly python: string | undefined;
  readonly json: string;
  readonly page: string | undefined;
}

function choose<Item extends { readonly id: string }>(all: readonly Item[], list: string | undefined): readonly Item[] {
  if (list === undefined) return all;
  return list.split(',').map((id) => {
    const item = all.find((candidate) => candidate.id === id);
    if (item === undefined) throw new Error(`${id} is none of ${all.map((known) => known.id).join(', ')}`);
    return item;
  });
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a positive integer, not ${text}`);
  return value;
}

function parseOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      peers: { type: 'boolean' },
      python: { type: 'string' },
      shapes: { type: 'string' },
      stages: { type: 'string' },
      repeats: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(availableParallelism()) },
      json: { type: 'string', default: path.join('.cache', 'bench', 'results.json') },
      write: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const python = values.python ?? path.join('.cache', 'peers', 'bin', 'python');
  if (values.peers === true && !existsSync(python))
    throw new Error(`${python} is not there: npm run bench:peers makes it, or name another with --python`);
  return {
    shapes: choose(benchShapes, values.shapes),
    stages: choose(plannedStages, values.stages),
    repeats: positive(values.repeats, 'repeats'),
    threads: positive(values.threads, 'threads'),
    python: values.peers === true ? python : undefined,
    json: values.json,
    page: values.write === true ? path.join('docs', 'benchmarks.md') : undefined,
  };
}

/** One side of a stage: its process and what was measured of it. */
interface Side {
  readonly process: StageProcess;
  readonly library: string;
  readonly check: SideResult['check'];
  readonly samples: Sample[];
}

async function startSide(command: readonly [string, ...string[]], task: StageTask): Promise<Side> {
  const stageProcess = new StageProcess(command);
  const { library } = await stageProcess.start(task);
  const { check } = await stageProcess.repeat();
  for (let i = 1; i < warmUps; i += 1) await stageProcess.repeat();
  return { process: stageProcess, library, check, samples: [] };
}

async function endSide({ process: stageProcess, library, check, samples }: Side): Promise<SideResult> {
  return { library, check, samples, memory: await stageProcess.end() };
}

function nodeProgram(name: string): readonly [string, ...string[]] {
  return [process.execPath, '--enable-source-maps', path.join(programs, `${name}.mjs`)];
}

/** Products that the shape's layers multiply, and a square that fills the caches well. */
function rawProducts(shape: BenchShape): readonly (readonly [number, number, number])[] {
  const rows = shape.batch * shape.tokens;
  const layers = linearGroups(shape)
    .flat()
    .map(([input, output]) => [rows, input, output] as const);
  const unique = new Map([...layers, [1024, 1024, 1024] as const].map((product) => [product.join(), product]));
  return [...unique.values()];
}

async function measureStage(options: Options, shape: BenchShape, planned: PlannedStage, modelFolder: string) {
  const { stage, projection } = planned;
  const task: StageTask = {
    stage,
    modelFolder,
    threads: options.threads,
    rows: Array.from({ length: shape.batch }, (_, row) => tokenIds(shape, row, shape.tokens)),
    prompt: tokenIds(shape, shape.batch, promptTokens),
    newTokens,
    projection,
    loraRank,
  };
  const raw = new StageProcess(nodeProgram('rawMatMul'));
  await raw.start({ threads: options.threads, products: rawProducts(shape) });
  const rawRate = async (): Promise<number> => (await raw.repeat()).check.rate!;
  await rawRate();

  const whence = await startSide(nodeProgram('worker'), task);
  const peer =
    options.python === undefined
      ? undefined
      : await startSide([options.python, path.join('bench', 'peers', 'worker.py')], task);
  for (let i = 0; i < options.repeats; i += 1) {
    for (const side of peer === undefined ? [whence] : [whence, peer]) {
      const before = await rawRate();
      const { seconds } = await side.process.repeat();
      side.samples.push({ seconds, rawRate: (before + (await rawRate())) / 2 });
    }
  }
  await raw.end();
  return {
    shape,
    planned,
    arithmetic: stageArithmetic(shape, stage, projection, loraRank) ?? null,
    whence: await endSide(whence),
    peer: peer === undefined ? null : await endSide(peer),
  };
}

async function main(): Promise<void> {
  const options = parseOptions();
  if (options === undefined) {
    console.log(usage);
    return;
  }
  const machine = describeMachine();
  if (machine.loadBefore > busyFrom)
    console.error(
      `The machine is busy (load ${machine.loadBefore.toFixed(1)}): PyTorch's threads, which spin, suffer more than Whence's.`,
    );
  mkdirSync(path.dirname(options.json), { recursive: true });
  const stages: StageResult[] = [];
  const results = (): BenchResults => ({
    schema: 'whence.bench/1',
    date: new Date().toISOString(),
    machine,
    threads: options.threads,
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    stages,
  });
  for (const shape of options.shapes) {
    const folder = await prepareModelFolder(shape);
    if (folder === undefined) {
      console.error(`${shape.title} is left out: npm run model:smollm2 fetches it.`);
      continue;
    }
    for (const planned of options.stages) {
      console.error(`${shape.id} ${planned.id} ...`);
      stages.push(await measureStage(options, shape, planned, folder));
      // After each stage, because a long run may be interrupted.
      writeFileSync(options.json, `${JSON.stringify(results(), null, 1)}\n`);
    }
  }
  console.log(printTable(results()));
  if (options.page !== undefined) {
    mkdirSync(path.dirname(options.page), { recursive: true });
    writeFileSync(options.page, printMarkdown(results()));
  }
}

await main();
