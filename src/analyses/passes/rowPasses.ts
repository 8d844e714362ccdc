/**
 * passes/ runs rows through a model's graph in passes of like length: what is computed is the caller's, how rows are
 * padded, fed and kept apart is here. It holds no result.
 */
import { GraphBuilder } from '../../graph/builder';
import { differentiate } from '../../graph/differentiate';
import { type Graph, type NamedOutput, sizeOf, type Value } from '../../graph/ir';
import { planMemory } from '../../graph/planMemory';
import { adapterFeeds, bindParameters } from '../../model/bindParameters';
import { buildForward, type ForwardGraph, observe } from '../../model/buildForward';
import { buildLoss, type LossValues } from '../../model/buildLoss';
import type { MappedWeights } from '../../model/checkpoint/types';
import type { ModelConfig } from '../../model/modelConfig';
import type { LanguageModel } from '../../model/openLanguageModel';
import { parameterShapes } from '../../model/parameterShapes';
import type { Session } from '../../runtime/openSession';
import type { SessionCache } from '../../runtime/sessionCache';
import type { TensorData, Tensors } from '../../runtime/tensors';
import type { EncodedRow } from '../../text/types';
import { type ComputePlace, openModelSession } from '../openModelSession';
import { sessionMemory } from '../sessionMemory';
import { type LengthLimits, lengthLimits, sameSide } from '../training/lengthLimits';
import { countTrained, type PassFeeds, passFeeds } from '../training/passFeeds';
import { type PassShape, type PassSize, roundUp, roundUpLength } from '../training/planShapes';
import { drawTargets } from './drawTargets';
import { lengthBuckets } from './lengthBuckets';

/** What a pass reads of a row. */
export type PassTokens = Pick<EncodedRow, 'ids' | 'labels'>;

/** The model behind passes, where they run, and the sessions they may keep. */
export interface PassContext {
  readonly model: Pick<LanguageModel, 'key' | 'label' | 'config' | 'adapter'>;
  readonly weights: MappedWeights;
  readonly place: ComputePlace;
  readonly sessions: SessionCache;
}

/** What decides the graph of a pass. */
type PassModel = Pick<LanguageModel, 'config' | 'adapter'>;

/** Values of a graph over a batch of rows, before what is asked of it is appended. */
export interface PassValues {
  readonly builder: GraphBuilder;
  readonly forward: ForwardGraph;
  /** Of the trained tokens, with the factor of each row. */
  readonly loss: LossValues;
  /** [B] int64: tokens of each row without padding, shared ones included. */
  readonly lengths: Value;
  /** [M] int64, place before each trained token. */
  readonly places: Value;
  /** [M] factor on each token's loss; 0 where the place is filling. */
  readonly factors: Value;
  readonly shape: PassShape;
}

/** What is computed of every batch. */
export interface PassProgram {
  /** Tells sessions of this program from others of the same model: every setting that changes the graph. */
  readonly key: string;
  /** Outputs, and inputs of its own by `builder.input`. */
  readonly outputs: (values: PassValues) => readonly NamedOutput[];
  /**
   * What the loss predicts. `labels`: the rows' own. `drawn`: tokens from the model's own distribution at those places,
   * drawn in the pass itself; `uniforms` [M, 1] are fed.
   */
  readonly targets?: 'labels' | 'drawn';
}

/** The passes that rows go through, and the shapes they are padded to. */
export interface PassPlan {
  readonly passes: readonly { readonly rows: readonly number[]; readonly shape: PassShape }[];
  /** In the order of use. */
  readonly shapes: readonly PassShape[];
}

/** Feed of programs whose targets are drawn: [M, 1], in [0, 1). */
export const uniformsName = 'uniforms';

const names = {
  inputIds: 'input_ids',
  sharedIds: 'shared_ids',
  places: 'places',
  targets: 'targets',
  weights: 'weights',
  lengths: 'lengths',
};

/** Bytes that the workspaces of passes hold together, a single larger one aside. */
const mostSessionBytes = 1e9;

/** What differentiation may take of that where rows of a pass are chosen here; outputs have the rest. */
const mostGradientBytes = 8.5e8;

/** Padded tokens of a pass where they are chosen here: fewer leave the processor's units idle, more gain nothing. */
const chosenTokens = { fewest: 128, most: 2048 };

/** Factor on the grain of shapes, where it matters more that they are met again than what padding costs. */
const coarser = 4;

/** Rows of a pass at most where they are chosen here. */
const mostChosenRows = 64;

/** Rows up to which each may be a pass of its own. */
const fewRows = 8;

/**
 * Rows of like length share a pass, longest first, so that what does not fit fails at once.
 *
 * @param batchSize rows of one pass at most; null: as many as memory below a gigabyte allows, more of short rows
 */
export function planRowPasses(rows: readonly PassTokens[], batchSize: number | null, config: ModelConfig): PassPlan {
  const sizes = rows.map(({ ids, labels }) => ({ length: ids.length, trained: countTrained({ ids, labels }) }));
  const limits = lengthLimits(config);
  const longest = longestOf(sizes);
  const alike = sizes.every(({ length }) => sameSide(length, longest, limits));
  if (batchSize === null && alike && longest * sizes.length <= chosenTokens.fewest) return planOnePass(sizes, limits);
  if (batchSize === null && alike && isFewAndLong(sizes, longest)) return planPassEach(sizes, limits);
  const buckets = lengthBuckets(sizes, batchSize === null ? chooseRows(sizes, config) : () => batchSize, limits);
  return {
    passes: buckets.flatMap(({ shape, passes }) => passes.map((pass) => ({ rows: pass, shape }))),
    shapes: buckets.map(({ shape }) => shape),
  };
}

/**
 * Few short rows are one pass, whatever memory there is. Its shape is rounded up further: opening a session takes longer
 * than computing the padding, and the next query finds it open.
 */
function planOnePass(sizes: readonly Pick<PassSize, 'length' | 'trained'>[], limits: LengthLimits): PassPlan {
  if (sizes.length === 0) return { passes: [], shapes: [] };
  const trained = sizes.reduce((sum, size) => sum + size.trained, 0);
  const shape = {
    batch: sizes.length,
    length: roundUpLength(longestOf(sizes), limits, coarser),
    trained: coarser * roundUp(Math.max(1, trained) / coarser),
  };
  return { passes: [{ rows: [...sizes.keys()], shape }], shapes: [shape] };
}

/** Whether passes of one row keep the processor's units busy, are soon done, and cost little padding in one shape. */
function isFewAndLong(sizes: readonly Pick<PassSize, 'length'>[], longest: number): boolean {
  const tokens = sizes.reduce((sum, { length }) => sum + length, 0);
  return sizes.length <= fewRows && longest >= chosenTokens.fewest / 2 && longest * sizes.length <= 1.5 * tokens;
}

/** A pass for each of few longer rows, all of one shape that is rounded up as that of one pass is. */
function planPassEach(sizes: readonly Pick<PassSize, 'length' | 'trained'>[], limits: LengthLimits): PassPlan {
  const trained = sizes.reduce((most, size) => Math.max(most, size.trained), 1);
  const shape = {
    batch: 1,
    length: roundUpLength(longestOf(sizes), limits, coarser),
    trained: coarser * roundUp(trained / coarser),
  };
  return { passes: [...sizes.keys()].map((row) => ({ rows: [row], shape })), shapes: [shape] };
}

function longestOf(sizes: readonly Pick<PassSize, 'length'>[]): number {
  return sizes.reduce((most, { length }) => Math.max(most, length), 1);
}

/** Rows of a pass by their length. Memory grows in proportion to tokens, so two sizes tell of all. */
function chooseRows(sizes: readonly Pick<PassSize, 'length' | 'trained'>[], config: ModelConfig) {
  // Of one row, what two of them would take need not be known.
  if (sizes.length === 1) return () => 1;
  const longest = longestOf(sizes);
  const trained =
    sizes.reduce((sum, size) => sum + size.trained, 0) / sizes.reduce((sum, { length }) => sum + length, 1);
  const tokens = chooseTokens(
    config,
    roundUpLength(longest, lengthLimits(config), coarser),
    Math.ceil(8 * trained) / 8,
  );
  return (length: number): number => Math.max(1, Math.min(mostChosenRows, Math.floor(tokens / length)));
}

/** By model, then by length and share: two graphs are built to know it, which one query after another would wait for. */
const knownTokens = new WeakMap<ModelConfig, Map<string, number>>();

/** Padded tokens of a pass. @param trained share of them */
function chooseTokens(config: ModelConfig, longest: number, trained: number): number {
  const known = knownTokens.get(config) ?? new Map<string, number>();
  knownTokens.set(config, known);
  const key = `${longest} ${trained}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const [one, two] = [1, 2].map((batch) => gradientBytes(config, longest, batch, trained)) as [number, number];
  const fitting = (longest * (mostGradientBytes - one)) / Math.max(1, two - one) + longest;
  const tokens = Math.max(chosenTokens.fewest, Math.min(chosenTokens.most, Math.floor(fitting)));
  known.set(key, tokens);
  return tokens;
}

/** Bytes of differentiating a pass of rows of a length, of whose tokens a share is trained. */
function gradientBytes(config: ModelConfig, length: number, batch: number, trained: number): number {
  const shape = { batch, length, trained: Math.ceil(batch * length * trained) + 1 };
  const program: PassProgram = {
    key: 'gradients of linear layers',
    outputs: ({ builder, forward, loss }) => {
      const outputs = forward.linears.map(({ output }) => output);
      const sums = differentiate(builder, loss.sum, outputs).map((value) => builder.reduceSum(value, [0, 1], 'drop'));
      return [{ name: 'sum', value: sums.reduce((total, sum) => builder.add(total, sum)) }];
    },
  };
  return shapeMemory({ config, adapter: undefined }, shape, program);
}

/** The graph of a program for one shape. */
export function buildPass({ config, adapter }: PassModel, shape: PassShape, program: PassProgram): Graph {
  const builder = new GraphBuilder();
  const shared = shape.shared ?? 0;
  const inputIds = builder.input(names.inputIds, 'int64', [shape.batch, shape.length - shared]);
  const start = shared === 0 ? {} : { sharedIds: builder.input(names.sharedIds, 'int64', [shared]) };
  const forward = buildForward(builder, config, {
    inputIds,
    ...start,
    ...bindParameters(builder, adapter),
    intervene: observe,
  });
  const places = builder.input(names.places, 'int64', [shape.trained]);
  const factors = builder.input(names.weights, 'float32', [shape.trained]);
  const labelled = { places, targets: builder.input(names.targets, 'int64', [shape.trained]), weights: factors };
  const ofLabels = buildLoss(builder, forward, labelled);
  const loss =
    program.targets === 'drawn'
      ? buildLoss(builder, forward, {
          ...labelled,
          targets: drawTargets(builder, ofLabels.logits, builder.input(uniformsName, 'float32', [shape.trained, 1])),
        })
      : ofLabels;
  const lengths = builder.input(names.lengths, 'int64', [shape.batch]);
  return builder.finish(program.outputs({ builder, forward, loss, lengths, places, factors, shape }));
}

/** Anonymous bytes of a program's sessions, feeds included, at the worst moment: one that needs room drives others out. */
export function passMemory(model: PassModel, { shapes }: PassPlan, program: PassProgram): number {
  const bytes = shapes.map((shape) => shapeMemory(model, shape, program));
  const both = bytes.map((one, i) => one + (bytes[i - 1] ?? 0)).filter((sum) => sum <= mostSessionBytes);
  return Math.max(0, ...bytes, ...both);
}

function shapeMemory(model: PassModel, shape: PassShape, program: PassProgram): number {
  return graphMemory(buildPass(model, shape, program), weightsHeld(model.config, shape));
}

function graphMemory(graph: Graph, held: 'mapped' | 'packed'): number {
  return sessionMemory(
    planMemory(graph),
    held === 'mapped' ? { kind: held } : { kind: held, read: 'forwardAndBackward' },
  );
}

/** Copies of a small model's matrices in the layouts of products pay over many passes, of few positions each. */
const mostPackedBytes = 2 ** 28;
const mostPackedPositions = 500;

function weightsHeld(config: ModelConfig, { batch, length }: PassShape): 'mapped' | 'packed' {
  if (batch * length > mostPackedPositions) return 'mapped';
  const parameters = [...parameterShapes(config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  return 2 * 4 * parameters <= mostPackedBytes ? 'packed' : 'mapped';
}

/** One pass that has run. */
export interface PassResult {
  /** Row numbers, in the order of the batch; the batch of the shape may be larger. */
  readonly rows: readonly number[];
  readonly shape: PassShape;
  readonly feeds: PassFeeds;
  readonly outputs: Readonly<Record<string, TensorData>>;
}

/** What goes into a pass beside the tokens. */
export interface PassInputs {
  /** Factor on the losses of each row. */
  readonly factors: (row: number) => number;
  /** Feeds of the program's own inputs, by pass. */
  readonly extra: (rows: readonly number[], shape: PassShape, feeds: PassFeeds) => Tensors;
}

/** Every row counts once, and the program has no inputs of its own. */
export const plainInputs: PassInputs = { factors: () => 1, extra: () => ({}) };

/**
 * Runs rows through a program, pass by pass.
 *
 * @param visit called after each pass, in the order of the plan; may return a promise that is waited for
 */
export async function runRowPasses(
  rows: readonly PassTokens[],
  plan: PassPlan,
  program: PassProgram,
  context: PassContext,
  inputs: PassInputs,
  visit: (result: PassResult) => void | Promise<void>,
): Promise<void> {
  for (const { rows: pass, shape } of plan.passes) {
    const tokens = pass.map((index) => rows[index]!);
    const session = await sessionOf(shape, program, context);
    const feeds = passFeeds(
      tokens.map((row, i) => ({ tokens: row, factor: inputs.factors(pass[i]!) })),
      shape,
    );
    const lengths = BigInt64Array.from({ length: shape.batch }, (_, i) => BigInt(tokens[i]?.ids.length ?? 0));
    const all: Record<string, TensorData> = {
      [names.inputIds]: feeds.inputIds,
      [names.sharedIds]: feeds.sharedIds,
      [names.places]: feeds.places,
      [names.targets]: feeds.targets,
      [names.weights]: feeds.weights,
      [names.lengths]: lengths,
      ...inputs.extra(pass, shape, feeds),
    };
    const wanted = session.inputs.map(({ name }) => name);
    const own = Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
    const outputs = await session.run({ ...own, ...adapterFeeds(context.model.adapter, wanted) });
    await visit({ rows: pass, shape, feeds, outputs });
  }
}

function sessionOf(shape: PassShape, program: PassProgram, context: PassContext): Promise<Session> {
  const { model, sessions, weights, place } = context;
  const key = `${program.key} ${model.key} ${shape.batch} ${shape.length} ${shape.trained} ${shape.shared ?? 0}`;
  return sessions.getWithin(key, mostSessionBytes, () => {
    const graph = buildPass(model, shape, program);
    const held = weightsHeld(model.config, shape);
    return {
      bytes: graphMemory(graph, held),
      open: () => openModelSession(graph, weights, place, { weights: held, workspace: 'kept' }),
    };
  });
}
