/**
 * Speed of `whence probe`'s parts on a model: passes that keep all layers' states beside passes that keep the last one's
 * (the plain forward rate, in turns), and the probes of all layers after them. With --peer, scikit-learn solves one
 * layer's probes on the same states and folds, and both are compared. Processor seconds are printed too: on a busy
 * machine they say more than the clock.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  computeRowStates,
  embeddingLayer,
  type StateSettings,
  stateWidth,
} from '../src/analyses/influence/states/rowStates';
import { planRowPasses } from '../src/analyses/passes/rowPasses';
import { layerSettings } from '../src/analyses/probing/layerStates';
import { planLabelTask, startProbeRun } from '../src/analyses/probing/probeLabel';
import { readingPlace } from '../src/analyses/probing/readingPlaces';
import { type LoadedRow, loadRows } from '../src/analyses/rows/loadRows';
import { createLogisticSolver } from '../src/linalg/logistic/fitLogistic';
import { reduceFeatures } from '../src/linalg/logistic/reduceFeatures';
import { mapWeights } from '../src/model/checkpoint/mapWeights';
import { openLanguageModel } from '../src/model/openLanguageModel';
import { createSessionCache } from '../src/runtime/sessionCache';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: path.join('.cache', 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf') },
    rows: { type: 'string', default: '1000' },
    /** Rows of the timed passes. */
    'pass-rows': { type: 'string', default: '192' },
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: `${Math.min(2, os.availableParallelism())}` },
    peer: { type: 'boolean', default: false },
  },
});
const [count, passCount, repeats, threads] = [values.rows, values['pass-rows'], values.repeats, values.threads].map(
  Number,
) as [number, number, number, number];

/** Requests in pairs that differ in the verb alone, from the sample's verbs and objects, as many as are asked for. */
function probeRows(): string {
  const made = readFileSync('samples/assistant/eval/probe-labels.jsonl', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { messages: { role: string; content: string }[]; label: string; verb: string });
  const objects = [
    ...new Set(
      made.map(({ messages, verb }) => /(?:an?|some|the) \w+/.exec(messages[0]!.content.split(verb)[1] ?? '')?.[0]),
    ),
  ];
  const verbs = [...new Map(made.map(({ verb, label }) => [verb, label]))];
  const lines = Array.from({ length: count }, (_, i) => {
    const [verb, label] = verbs[i % verbs.length]!;
    const object = objects[(i * 7 + Math.floor(i / verbs.length)) % objects.length] ?? 'a thing';
    const messages = [
      { role: 'user', content: `How do I ${verb} ${object}?` },
      { role: 'assistant', content: 'Let us see.' },
    ];
    return `${JSON.stringify({ messages, label, verb })}\n`;
  });
  return lines.join('');
}

interface Measured {
  readonly wall: number;
  readonly processor: number;
}

async function timed(work: () => Promise<unknown>): Promise<Measured> {
  const before = process.cpuUsage();
  const start = performance.now();
  await work();
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { wall, processor: (user + system) / 1e6 };
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

const folder = mkdtempSync(path.join(os.tmpdir(), 'whence-probing-'));
try {
  const data = path.join(folder, 'rows.jsonl');
  writeFileSync(data, probeRows());
  const model = await openLanguageModel(
    { label: values.model, path: path.resolve(values.model), adapter: undefined },
    { workingFolder: process.cwd(), environment: process.env, homeFolder: os.homedir(), now: () => new Date() },
  );
  const weights = await mapWeights(model.checkpoint, path.resolve('.cache', 'bench', 'weights'), () => undefined);
  const rows: LoadedRow[] = [];
  const encoding = { ...model.text, maxLength: 256, vocabularySize: model.config.vocabularySize };
  for await (const batch of loadRows({ label: 'rows.jsonl', path: data, schema: undefined }, encoding))
    rows.push(...batch.rows);
  const encoded = rows.map(({ encoded: row }) => row);
  const layers = model.config.layers.length;
  const hidden = model.config.hiddenSize;
  const place = readingPlace('last')!;
  const all = layerSettings(layers, [place]);
  const lastOnly: StateSettings = { groups: [{ layers: [layers - 1], places: [place.read] }] };
  const context = {
    model,
    weights,
    place: { device: 'cpu' as const, threads },
    sessions: createSessionCache({ sized: 4, others: 4 }),
  };

  const some = encoded.slice(0, passCount);
  const somePlan = planRowPasses(some, null, model.config);
  const pass = (settings: StateSettings) => () => computeRowStates(some, somePlan, settings, context, () => undefined);
  await pass(all)();
  await pass(lastOnly)();
  const pairs: (readonly [Measured, Measured])[] = [];
  for (let i = 0; i < repeats; i++) {
    // Which goes first alternates: a machine that slows down slows both.
    const first = i % 2 === 0 ? all : lastOnly;
    const [a, b] = [await timed(pass(first)), await timed(pass(first === all ? lastOnly : all))];
    pairs.push(first === all ? [a, b] : [b, a]);
  }
  const seconds = (which: 0 | 1, what: keyof Measured): number => median(pairs.map((pair) => pair[which][what]));
  console.log(`${values.model}: ${layers} layers of ${hidden}, ${passCount} rows in ${somePlan.passes.length} passes`);
  console.log(
    `all layers' states  ${seconds(0, 'wall').toFixed(2)} s, ${seconds(0, 'processor').toFixed(2)} s of processors`,
  );
  console.log(
    `forward alone       ${seconds(1, 'wall').toFixed(2)} s, ${seconds(1, 'processor').toFixed(2)} s of processors`,
  );
  for (const what of ['wall', 'processor'] as const) {
    const ratios = pairs.map(([states, forward]) => forward[what] / states[what]);
    console.log(
      `share of the forward rate, by ${what}: ${median(ratios).toFixed(3)} (${ratios.map((r) => r.toFixed(2)).join(', ')})`,
    );
  }

  const states = await computeRowStates(
    encoded,
    planRowPasses(encoded, null, model.config),
    all,
    context,
    () => undefined,
  );
  await context.sessions.releaseAll();
  const width = stateWidth(all, hidden);
  const read = (layer: number): Float32Array<ArrayBuffer> => {
    const result = new Float32Array(rows.length * hidden);
    for (let i = 0; i < rows.length; i++) {
      const from = i * width + (layer - embeddingLayer) * hidden;
      result.set(states.subarray(from, from + hidden), i * hidden);
    }
    return result;
  };
  const request = {
    kind: 'label',
    label: 'label',
    only: [],
    fewestRows: 10,
    folds: 5,
    groupBy: ['verb'],
    control: 'auto',
    baselines: [],
  } as const;
  const plan = planLabelTask(rows, request, [place], 0);
  const run = startProbeRun(plan, threads, 0, () => undefined);
  const matrices = Array.from({ length: layers + 1 }, (_, i) => ({
    columns: hidden,
    scaling: 'columns' as const,
    read: () => read(i + embeddingLayer),
  }));
  let cells: ReturnType<typeof run.figures>[] = [];
  const probing = await timed(async () => {
    const held = await run.validate(matrices, plan);
    cells = held.map((one, i) =>
      run.figures({ model: 'tuned', layer: i + embeddingLayer, position: 'last' }, one, plan),
    );
  });
  await run.release();
  console.log(
    `probes of ${rows.length} rows x ${cells.length} layers, label and control: ${probing.wall.toFixed(1)} s, ` +
      `${probing.processor.toFixed(1)} s of processors`,
  );
  const best = cells.reduce((least, one) => (one.readings.logLoss < least.readings.logLoss ? one : least));
  console.log(`best after layer ${best.cell.layer}: ${(100 * best.cell.accuracy.estimate).toFixed(1)} %`);

  if (values.peer) comparePeer(read(best.cell.layer!), best.cell.accuracy.estimate, best.cell.penalties);

  function comparePeer(x: Float32Array, accuracy: number, chosen: readonly number[]): void {
    const file = path.join(folder, 'peer.json');
    const given = {
      x: Array.from({ length: rows.length }, (_, i) => [...x.subarray(i * hidden, (i + 1) * hidden)]),
      labels: [...plan.labels],
      folds: [...plan.folds.folds],
      penalties: [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10],
    };
    writeFileSync(file, JSON.stringify(given));
    const python = process.env.WHENCE_PEERS_PYTHON ?? path.join('.cache', 'peers', 'bin', 'python');
    const started = performance.now();
    const { status, stdout } = spawnSync(python, ['bench/peers/probe_reference.py', 'solve', file], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error('scikit-learn did not finish');
    const peer = JSON.parse(stdout) as { accuracy: number; chosen: number[]; coefficients: number[][][] };
    const features = reduceFeatures(x, rows.length, hidden, 'columns');
    const solver = createLogisticSolver(features, plan.labels, plan.classes.length, 1);
    const learned = Uint8Array.from(plan.folds.folds, (fold) => (fold === 0 ? 0 : 1));
    const penalty = chosen[0]! * learned.reduce((sum, bit) => sum + bit, 0);
    const { parameters } = solver.fit([{ learned, penalty }], undefined, { tolerance: 1e-12, mostSteps: 5000 });
    const ours = features.expand(parameters.slice(0, features.rank)).coefficients;
    const theirs = peer.coefficients[0]![0]!;
    const deviations = Float64Array.from({ length: hidden }, (_, j) => {
      let [sum, squares] = [0, 0];
      for (let i = 0; i < rows.length; i++) sum += x[i * hidden + j]! / rows.length;
      for (let i = 0; i < rows.length; i++) squares += (x[i * hidden + j]! - sum) ** 2 / rows.length;
      return Math.sqrt(squares);
    });
    const largest = Math.max(...theirs.map(Math.abs));
    const off = Math.max(...theirs.map((w, j) => Math.abs(ours[j]! * deviations[j]! - w)));
    console.log(
      `scikit-learn: accuracy ${peer.accuracy.toFixed(4)} (ours ${accuracy.toFixed(4)}), penalties ${peer.chosen.join(' ')} ` +
        `(ours ${chosen.join(' ')}), coefficients at most ${off.toExponential(1)} apart, the largest being ${largest.toFixed(3)}; ` +
        `${((performance.now() - started) / 1000).toFixed(0)} s for this layer's label`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
