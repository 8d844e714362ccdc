import { GraphBuilder } from '../../graph/builder';
import type { Graph } from '../../graph/ir';
import { planMemory } from '../../graph/planMemory';
import { adapterFeeds, bindParameters } from '../../model/bindParameters';
import { buildForward, observe } from '../../model/buildForward';
import { buildLoss } from '../../model/buildLoss';
import type { MappedWeights } from '../../model/checkpoint/types';
import type { ModelConfig } from '../../model/modelConfig';
import type { LanguageModel } from '../../model/openLanguageModel';
import type { SessionCache } from '../../runtime/sessionCache';
import type { TensorData } from '../../runtime/tensors';
import type { EncodedRow } from '../../text/types';
import { notFinite } from '../notFinite';
import { type ComputePlace, openModelSession } from '../openModelSession';
import { sessionMemory } from '../sessionMemory';
import { type LengthLimits, lengthLimits, sameSide } from '../training/lengthLimits';
import { passFeeds, passSize } from '../training/passFeeds';
import { type PassShape, planShapes, shapeFor } from '../training/planShapes';

/** Loss of one row, unweighted. */
export interface RowScore {
  /** Nats, summed over the trained tokens. */
  readonly loss: number;
  readonly trainedTokens: number;
  /** -log p of every token at the place of the target, NaN where the token is not trained. Length: tokens of the row. */
  readonly tokenLosses: Float32Array;
}

export interface ScoringContext {
  readonly model: LanguageModel;
  readonly weights: MappedWeights;
  readonly place: ComputePlace;
  readonly sessions: SessionCache;
}

/** What scoring reads of a row. */
export type ScorableRow = Pick<EncodedRow, 'ids' | 'labels'>;

const names = {
  inputIds: 'input_ids',
  places: 'places',
  targets: 'targets',
  weights: 'weights',
  out: 'log_probabilities',
};

/** The forward pass with log p of every target. */
export function buildScoring({ config, adapter }: LanguageModel, shape: PassShape): Graph {
  const builder = new GraphBuilder();
  const inputIds = builder.input(names.inputIds, 'int64', [shape.batch, shape.length]);
  const forward = buildForward(builder, config, { inputIds, ...bindParameters(builder, adapter), intervene: observe });
  const { logProbabilities } = buildLoss(builder, forward, {
    places: builder.input(names.places, 'int64', [shape.trained]),
    targets: builder.input(names.targets, 'int64', [shape.trained]),
    weights: builder.input(names.weights, 'float32', [shape.trained]),
  });
  return builder.finish([{ name: names.out, value: logProbabilities }]);
}

/** The passes that rows are scored in, and the shapes they are padded to. */
export interface ScoringPlan {
  /** Row numbers of each pass. */
  readonly passes: readonly (readonly number[])[];
  readonly shapes: readonly PassShape[];
}

/** Rows of like length share a pass, longest first, so that what does not fit fails at once. */
export function planScoring(rows: readonly ScorableRow[], batchSize: number, config: ModelConfig): ScoringPlan {
  const limits = lengthLimits(config);
  const passes = planPasses(rows, batchSize, limits);
  return {
    passes,
    shapes: planShapes(
      passes.map((pass) => passSize(pass.map((index) => rows[index]!))),
      2,
      limits,
    ),
  };
}

/** Anonymous bytes of the sessions of a plan, feeds included. */
export function scoringMemory(model: LanguageModel, { shapes }: ScoringPlan): number {
  const plans = shapes.map((shape) => sessionMemory(planMemory(buildScoring(model, shape)), { kind: 'mapped' }));
  return plans.reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * Losses of rows, in their order. What a row's loss is does
 * not depend on its company but for rounding (about 1e-6 relative).
 *
 * @param onScored called after each pass with the number of rows it held
 */
export async function scoreRows(
  rows: readonly ScorableRow[],
  { passes, shapes }: ScoringPlan,
  context: ScoringContext,
  onScored: (rows: number) => void,
): Promise<RowScore[]> {
  const scores = new Array<RowScore>(rows.length);
  for (const pass of passes) {
    const batch = pass.map((index) => rows[index]!);
    const found = await scorePass(batch, shapeFor(passSize(batch), shapes), context);
    if (found.some(({ loss }) => !Number.isFinite(loss))) throw notFinite(context.model.label);
    for (const [i, index] of pass.entries()) scores[index] = found[i]!;
    onScored(pass.length);
  }
  return scores;
}

function planPasses(rows: readonly ScorableRow[], batchSize: number, limits: LengthLimits): number[][] {
  const order = [...rows.keys()].sort((a, b) => rows[b]!.ids.length - rows[a]!.ids.length || a - b);
  const passes: number[][] = [];
  for (const index of order) {
    const pass = passes.at(-1);
    const fits = pass !== undefined && pass.length < batchSize;
    if (fits && sameSide(rows[pass[0]!]!.ids.length, rows[index]!.ids.length, limits)) pass.push(index);
    else passes.push([index]);
  }
  return passes;
}

async function scorePass(
  batch: readonly ScorableRow[],
  shape: PassShape,
  context: ScoringContext,
): Promise<RowScore[]> {
  const { model, sessions } = context;
  const key = `score ${model.key} ${shape.batch} ${shape.length} ${shape.trained}`;
  const session = await sessions.get(key, () =>
    openModelSession(buildScoring(model, shape), context.weights, context.place, {
      weights: 'mapped',
      workspace: 'kept',
    }),
  );
  const feeds = passFeeds(
    batch.map((tokens) => ({ tokens, factor: 1 })),
    shape,
  );
  const inputs: Record<string, TensorData> = {
    [names.inputIds]: feeds.inputIds,
    [names.places]: feeds.places,
    [names.targets]: feeds.targets,
    [names.weights]: feeds.weights,
  };
  const wanted = session.inputs.map(({ name }) => name);
  const results = await session.run({ ...pick(inputs, wanted), ...adapterFeeds(model.adapter, wanted) });
  return collect(batch, feeds.places, feeds.rowOfPlace, shape.length, results[names.out] as Float32Array);
}

/** Those feeds that the finished graph still has: losses without weights need none. */
function pick(feeds: Readonly<Record<string, TensorData>>, wanted: readonly string[]): Record<string, TensorData> {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.includes(name)));
}

function collect(
  batch: readonly ScorableRow[],
  places: BigInt64Array,
  rowOfPlace: readonly number[],
  length: number,
  logProbabilities: Float32Array,
): RowScore[] {
  const tokenLosses = batch.map(({ ids }) => new Float32Array(ids.length).fill(Number.NaN));
  const sums = batch.map(() => ({ loss: 0, trainedTokens: 0 }));
  for (const [place, row] of rowOfPlace.entries()) {
    const loss = -logProbabilities[place]!;
    tokenLosses[row]![(Number(places[place]) % length) + 1] = loss;
    sums[row]!.loss += loss;
    sums[row]!.trainedTokens += 1;
  }
  return sums.map((sum, row) => ({ ...sum, tokenLosses: tokenLosses[row]! }));
}
