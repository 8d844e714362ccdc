/**
 * passes/ runs rows through a model's graph in passes of like length: what is computed is the caller's, how rows are
 * padded, fed and kept apart is here. It holds no result.
 */
import { GraphBuilder } from '../../graph/builder';
import type { Graph, NamedOutput, Value } from '../../graph/ir';
import { planMemory } from '../../graph/planMemory';
import { adapterFeeds, bindParameters } from '../../model/bindParameters';
import { buildForward, type ForwardGraph, observe } from '../../model/buildForward';
import { buildLoss, type LossValues } from '../../model/buildLoss';
import type { MappedWeights } from '../../model/checkpoint/types';
import type { ModelConfig } from '../../model/modelConfig';
import type { LanguageModel } from '../../model/openLanguageModel';
import type { Session } from '../../runtime/openSession';
import type { SessionCache } from '../../runtime/sessionCache';
import type { TensorData, Tensors } from '../../runtime/tensors';
import type { EncodedRow } from '../../text/types';
import { type ComputePlace, openModelSession } from '../openModelSession';
import { sessionMemory } from '../sessionMemory';
import { type LengthLimits, lengthLimits, sameSide } from '../training/lengthLimits';
import { type PassFeeds, passFeeds, passSize } from '../training/passFeeds';
import { type PassShape, planShapes, shapeFor } from '../training/planShapes';

/** What a pass reads of a row. */
export type PassTokens = Pick<EncodedRow, 'ids' | 'labels'>;

/** The model behind passes, where they run, and the sessions they may keep. */
export interface PassContext {
  readonly model: Pick<LanguageModel, 'key' | 'label' | 'config' | 'adapter'>;
  readonly weights: MappedWeights;
  readonly place: ComputePlace;
  readonly sessions: SessionCache;
}

/** Values of a graph over a batch of rows, before what is asked of it is appended. */
export interface PassValues {
  readonly builder: GraphBuilder;
  readonly forward: ForwardGraph;
  /** Of the trained tokens, with the factor of each row. */
  readonly loss: LossValues;
  /** [B] int64: tokens of each row without padding. */
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
}

/** The passes that rows go through, and the shapes they are padded to. */
export interface PassPlan {
  /** Row numbers of each pass. */
  readonly passes: readonly (readonly number[])[];
  readonly shapes: readonly PassShape[];
}

const names = { inputIds: 'input_ids', places: 'places', targets: 'targets', weights: 'weights', lengths: 'lengths' };

/** Rows of like length share a pass, longest first, so that what does not fit fails at once. */
export function planRowPasses(rows: readonly PassTokens[], batchSize: number, config: ModelConfig): PassPlan {
  const limits = lengthLimits(config);
  const passes = groupByLength(rows, batchSize, limits);
  if (passes.length === 0) return { passes, shapes: [] };
  const sizes = passes.map((pass) => passSize(pass.map((index) => rows[index]!)));
  return { passes, shapes: planShapes(sizes, 2, limits) };
}

function groupByLength(rows: readonly PassTokens[], batchSize: number, limits: LengthLimits): number[][] {
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

/** The graph of a program for one shape. */
export function buildPass({ config, adapter }: PassContext['model'], shape: PassShape, program: PassProgram): Graph {
  const builder = new GraphBuilder();
  const inputIds = builder.input(names.inputIds, 'int64', [shape.batch, shape.length]);
  const forward = buildForward(builder, config, { inputIds, ...bindParameters(builder, adapter), intervene: observe });
  const places = builder.input(names.places, 'int64', [shape.trained]);
  const factors = builder.input(names.weights, 'float32', [shape.trained]);
  const loss = buildLoss(builder, forward, {
    places,
    targets: builder.input(names.targets, 'int64', [shape.trained]),
    weights: factors,
  });
  const lengths = builder.input(names.lengths, 'int64', [shape.batch]);
  return builder.finish(program.outputs({ builder, forward, loss, lengths, places, factors, shape }));
}

/** Anonymous bytes of a program's sessions, feeds included. */
export function passMemory(model: PassContext['model'], { shapes }: PassPlan, program: PassProgram): number {
  return shapes.reduce(
    (sum, shape) => sum + sessionMemory(planMemory(buildPass(model, shape, program)), { kind: 'mapped' }),
    0,
  );
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
  for (const pass of plan.passes) {
    const tokens = pass.map((index) => rows[index]!);
    const shape = shapeFor(passSize(tokens), plan.shapes);
    const session = await sessionOf(shape, program, context);
    const feeds = passFeeds(
      tokens.map((row, i) => ({ tokens: row, factor: inputs.factors(pass[i]!) })),
      shape,
    );
    const lengths = BigInt64Array.from({ length: shape.batch }, (_, i) => BigInt(tokens[i]?.ids.length ?? 0));
    const all: Record<string, TensorData> = {
      [names.inputIds]: feeds.inputIds,
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
  const key = `${program.key} ${model.key} ${shape.batch} ${shape.length} ${shape.trained}`;
  return sessions.get(key, () =>
    openModelSession(buildPass(model, shape, program), weights, place, { weights: 'mapped', workspace: 'kept' }),
  );
}
