/**
 * Whence's side of influence.mjs: the same stages as influence_worker.py, timed alike, on the product's own code. It speaks
 * influenceTask.ts.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { precondition } from '../../src/analyses/influence/estimators/kroneckerFactored';
import { fitFactors } from '../../src/analyses/influence/factors/fitFactors';
import { createRotator } from '../../src/analyses/influence/factors/rotator';
import { readFactors, writeFactors } from '../../src/analyses/influence/factors/storedFactors';
import { type Columns, columnsOf } from '../../src/analyses/influence/gradients/columns';
import { computeQueryGradients } from '../../src/analyses/influence/gradients/queryGradients';
import { gradientIndexDescription, indexRowGradients } from '../../src/analyses/influence/gradients/storedGradients';
import { streamedGradients } from '../../src/analyses/influence/gradients/streamedGradients';
import { projectColumns } from '../../src/analyses/influence/projected/projectColumns';
import type { EncodedQuery } from '../../src/analyses/measuring/encodeQuery';
import { type PassContext, planRowPasses } from '../../src/analyses/passes/rowPasses';
import { initialLora } from '../../src/analyses/training/initialLora';
import { createRandom } from '../../src/linalg/random';
import type { LoraAdapter } from '../../src/model/checkpoint/types';
import type { ModelConfig } from '../../src/model/modelConfig';
import { createSessionCache } from '../../src/runtime/sessionCache';
import { openArtifacts } from '../../src/store/artifacts';
import { openVectorIndex } from '../../src/store/openVectorIndex';
import { defaultStoreSettings } from '../../src/store/storeFolder';
import { buildBm25 } from '../../src/text/lexical/bm25';
import { openWeights } from '../stages/openWeights';
import type { InfluenceRepeat, InfluenceStage, InfluenceTask } from './influenceTask';

type Parts = InfluenceRepeat['parts'];
type Stage = (task: InfluenceTask) => Promise<() => Promise<{ readonly parts: Parts; readonly folder: string }>>;

const settings = { ...defaultStoreSettings, budgetBytes: 1e11 };
const bm25Settings = { k1: 1.5, b: 0.75, method: 'lucene' } as const;

function rowsOf(sequences: InfluenceTask['rows']) {
  return sequences.map((ids, row) => ({
    ids: Int32Array.from(ids),
    labels: Int32Array.from([-100, ...ids.slice(1)]),
    weight: 1,
    encodingHash: createHash('sha256').update(`${row} ${ids.join()}`).digest('hex'),
  }));
}

/** An adapter whose B is not zero, as after some training. */
function someAdapter(config: ModelConfig, rank: number): LoraAdapter {
  const lora = { r: rank, alpha: 2 * rank, targets: ['q_proj', 'v_proj'], dropout: 0, init: 'peft' } as const;
  const modules = initialLora(config, lora, 0).map((module) => {
    const random = createRandom(0, module.module);
    return [
      module.module,
      { ...module, b: { ...module.b, data: module.b.data.map(() => 0.01 * random.normal()) } },
    ] as const;
  });
  return {
    modules: new Map(modules),
    replaced: new Map(),
    carried: new Set(),
    tiedHead: 'asInBase',
  } as unknown as LoraAdapter;
}

async function contextOf({ modelFolder, threads, loraRank }: InfluenceTask, tracked: 'adapter' | 'linear') {
  const { config, weights } = await openWeights(modelFolder);
  const adapter = tracked === 'adapter' ? someAdapter(config, loraRank) : undefined;
  const model = { key: 'bench', label: 'bench', config, adapter };
  const context: PassContext = {
    model,
    weights,
    place: { device: 'cpu', threads },
    sessions: createSessionCache({ sized: 2, others: 2 }),
  };
  return { context, columns: columnsOf(model, tracked) };
}

const indexStage =
  (tracked: 'adapter' | 'linear', columnsFor: (columns: Columns, task: InfluenceTask) => Columns): Stage =>
  async (task) => {
    const { context, columns: whole } = await contextOf(task, tracked);
    const columns = columnsFor(whole, task);
    const rows = rowsOf(task.rows);
    const folder = path.join(task.folder, `index-${task.stage}`);
    return async () => {
      rmSync(folder, { recursive: true, force: true });
      const start = performance.now();
      const description = gradientIndexDescription('bench', columns, 'float16');
      const index = await openVectorIndex(folder, description, { ...settings, assignment: undefined });
      await indexRowGradients(index, rows, task.rowBatch, columns, context, () => undefined);
      return { parts: { index: secondsSince(start) }, folder };
    };
  };

const factorSettings = { kind: 'ekfac', labels: 'sampled', seed: 0 } as const;
const factorKey = { bench: 'factors' };

const ekfacFit: Stage = async (task) => {
  const { context, columns } = await contextOf(task, 'linear');
  const rows = rowsOf(task.rows);
  const folder = path.join(task.folder, 'factors');
  const plan = planRowPasses(rows, task.rowBatch, context.model.config);
  return async () => {
    rmSync(folder, { recursive: true, force: true });
    const parts: Record<string, number> = {};
    let since = performance.now();
    const factors = await fitFactors(factorSettings, rows, plan, columns, context, (stage) => {
      parts[stage] = (parts[stage] ?? 0) + secondsSince(since);
      since = performance.now();
    });
    parts.eigenvalues = (parts.eigenvalues ?? 0) + secondsSince(since);
    since = performance.now();
    const artifacts = await openArtifacts(folder, settings, (problem) => {
      throw problem;
    });
    await writeFactors(artifacts, factorKey, factors);
    parts.store = secondsSince(since);
    return { parts, folder };
  };
};

const ekfacScores: Stage = async (task) => {
  const { context, columns } = await contextOf(task, 'linear');
  const rows = rowsOf(task.rows);
  const asked = rowsOf(task.queries).map(({ ids, labels, weight }) => ({
    parts: [{ row: { ids, labels, weight }, factor: -1 }],
  })) as unknown as readonly EncodedQuery[];
  const folder = path.join(task.folder, 'factors');
  return async () => {
    const start = performance.now();
    const { gradients: queries } = await computeQueryGradients(asked, task.queryBatch, columns, context);
    const artifacts = await openArtifacts(folder, settings, (problem) => {
      throw problem;
    });
    const directions = await preconditioned(queries);
    const gradients = streamedGradients(rows, task.rowBatch, columns, context, () => undefined);
    const scores = await gradients.scan(directions, asked.length);
    if (scores.some((score) => !Number.isFinite(score))) throw new Error('scores are not finite');
    return { parts: { pairwise: secondsSince(start) }, folder };

    async function preconditioned(queries: Float32Array): Promise<Float32Array> {
      const factors = await readFactors(artifacts, factorKey, factorSettings, columns);
      if (factors === undefined) throw new Error('ekfacFit left no factors');
      const rotator = await createRotator(columns, factors.modules, 8, context.place);
      const input = { gradients: { columns }, queries, count: asked.length, factors, rotator, damping: 0.1 };
      const directions = await precondition(input as unknown as Parameters<typeof precondition>[0]);
      await rotator.release();
      return directions;
    }
  };
};

const bm25: Stage = async (task) => {
  const texts = readFileSync(task.texts, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { text: string }).text);
  return async () => {
    const start = performance.now();
    const index = buildBm25(texts, bm25Settings);
    const indexed = performance.now();
    for (const query of task.queryTexts) index.score(query);
    const query = secondsSince(indexed) / task.queryTexts.length;
    return { parts: { index: (indexed - start) / 1000, query }, folder: task.folder };
  };
};

const stages: { readonly [S in InfluenceStage]: Stage } = {
  index: indexStage('adapter', (columns) => columns),
  logra: indexStage('linear', (columns, { projection }) =>
    projectColumns(columns, { dimensions: projection ** 2 * columns.list.length, seed: 0 }),
  ),
  ekfacFit,
  ekfacScores,
  bm25,
};

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const file = path.join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesOf(file) : statSync(file).size);
  }, 0);
}

let repeat: Awaited<ReturnType<Stage>> | undefined;
let rows = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (repeat === undefined) {
    const task = JSON.parse(line) as InfluenceTask;
    repeat = await stages[task.stage](task);
    rows = task.stage === 'bm25' ? readFileSync(task.texts, 'utf8').split('\n').length - 1 : task.rows.length;
    process.stdout.write(`${JSON.stringify({ event: 'ready', library: 'Whence' })}\n`);
  } else if (line === 'go') {
    const { parts, folder } = await repeat();
    const seconds = Object.values(parts).reduce((sum, part) => sum + part, 0);
    const diskMiB = bytesOf(folder) / 2 ** 20;
    process.stdout.write(`${JSON.stringify({ event: 'repeat', seconds, check: {}, parts, rows, diskMiB })}\n`);
  }
}
