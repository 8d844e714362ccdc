import { createHash } from 'node:crypto';
import { GraphBuilder } from '../../graph/builder';
import type { Graph } from '../../graph/ir';
import { planMemory } from '../../graph/planMemory';
import type { MappedWeights } from '../../model/checkpoint/types';
import type { ModelConfig } from '../../model/modelConfig';
import { createSessionCache } from '../../runtime/sessionCache';
import type { TensorData } from '../../runtime/tensors';
import type { EncodedQuery } from '../measuring/encodeQuery';
import { notFinite } from '../notFinite';
import { type ComputePlace, openModelSession } from '../openModelSession';
import { planRowPasses } from '../passes/rowPasses';
import { sessionMemory } from '../sessionMemory';
import { appendTrainedLoss, feedNames, logProbabilitiesName } from '../training/buildTrainingStep';
import { passFeeds } from '../training/passFeeds';
import type { PassShape } from '../training/planShapes';
import type { ParameterValues, Trainable } from '../training/trainable';

/** Measures queries under trained values, one set of values after the other, in the same sessions. */
export interface QueryMeter {
  /** Nats, one a query: sum over its parts of factor * sum of log p of the measured tokens. */
  measure(values: ParameterValues): Promise<Float64Array>;
  release(): Promise<void>;
}

/** What the values are of and where measuring happens. */
export interface MeterContext {
  readonly config: ModelConfig;
  /** Of the base model: what is not trained. */
  readonly weights: MappedWeights;
  readonly trainable: Trainable;
  readonly place: ComputePlace;
  /** Rows of one pass. */
  readonly batchSize: number;
}

/** SHA-256 (hex) of what is measured of a query. */
export function queryHash({ parts }: Pick<EncodedQuery, 'parts'>): string {
  const hash = createHash('sha256');
  for (const { row, factor } of parts)
    hash.update(`${factor}\n${row.ids.length}\n`).update(bytes(row.ids)).update(bytes(row.labels));
  return hash.digest('hex');
}

function bytes({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The forward pass with log p of every target, trained tensors being feeds. */
function buildMeter({ config, trainable }: MeterContext, shape: PassShape): Graph {
  const builder = new GraphBuilder();
  const { loss } = appendTrainedLoss(builder, config, trainable, shape);
  return builder.finish([{ name: logProbabilitiesName, value: loss.logProbabilities }]);
}

function planned(queries: readonly EncodedQuery[], { batchSize, config }: MeterContext) {
  const rows = queries.flatMap(({ parts }) => parts.map(({ row }) => row));
  return { rows, plan: planRowPasses(rows, batchSize, config) };
}

/** Anonymous bytes of a meter's sessions. */
export function meterMemory(queries: readonly EncodedQuery[], context: MeterContext): number {
  const { shapes } = planned(queries, context).plan;
  return shapes.reduce(
    (sum, shape) => sum + sessionMemory(planMemory(buildMeter(context, shape)), { kind: 'mapped' }),
    0,
  );
}

/** Queries are padded and put into passes once; sessions open with the first measurement. */
export function createQueryMeter(queries: readonly EncodedQuery[], context: MeterContext): QueryMeter {
  const { rows, plan } = planned(queries, context);
  const parts = queries.flatMap(({ parts: own }, query) => own.map(({ factor }) => ({ query, factor })));
  const sessions = createSessionCache({
    sized: Math.max(1, plan.shapes.length),
    others: Math.max(1, plan.shapes.length),
  });
  const passes = plan.passes.map(({ rows: pass, shape }) => {
    const tokens = pass.map((index) => rows[index]!);
    const feeds = passFeeds(
      tokens.map((row) => ({ tokens: row, factor: 1 })),
      shape,
    );
    return { pass, shape, feeds };
  });

  const measure = async (values: ParameterValues): Promise<Float64Array> => {
    const measured = new Float64Array(queries.length);
    for (const { pass, shape, feeds } of passes) {
      const session = await sessions.get(`${shape.batch} ${shape.length} ${shape.trained}`, () =>
        openModelSession(buildMeter(context, shape), context.weights, context.place, {
          weights: 'mapped',
          workspace: 'kept',
        }),
      );
      const all: Record<string, TensorData> = {
        ...Object.fromEntries(values),
        [feedNames.inputIds]: feeds.inputIds,
        [feedNames.places]: feeds.places,
        [feedNames.targets]: feeds.targets,
        [feedNames.weights]: feeds.weights,
      };
      const wanted = session.inputs.map(({ name }) => name);
      const found = await session.run(Object.fromEntries(wanted.map((name) => [name, all[name]!])));
      const logProbabilities = found[logProbabilitiesName] as Float32Array;
      for (const [place, row] of feeds.rowOfPlace.entries()) {
        const { query, factor } = parts[pass[row]!]!;
        measured[query]! += factor * logProbabilities[place]!;
      }
    }
    if (measured.some((value) => !Number.isFinite(value))) throw notFinite('the retrained model');
    return measured;
  };
  return { measure, release: () => sessions.releaseAll() };
}
