/** A model folder as the stages use it: its configuration, and sessions over its mapped weights. */
import { GraphBuilder } from '../../src/graph/builder';
import { type ExternalLocation, encode } from '../../src/graph/encode';
import type { NamedOutput, Value } from '../../src/graph/ir';
import type { ParameterSource } from '../../src/model/architectures/linear';
import type { ModelConfig } from '../../src/model/modelConfig';
import { openSession, type Session, type SessionOptions } from '../../src/runtime/openSession';
import { weightsRoot } from '../../src/runtime/weightsRoot';
import type { StageTask } from '../protocol';
import { openWeights } from './openWeights';

export interface OpenModel {
  readonly config: ModelConfig;
  readonly builder: GraphBuilder;
  /** Every parameter as a weight that stays in its file. */
  readonly parameter: ParameterSource;
  /** [B, T] int64 feed `inputIds`. */
  readonly inputIds: Value;
  /** Feeds `places`, `targets` and `weights` of the loss: every token but the first of each row. */
  readonly loss: { readonly places: Value; readonly targets: Value; readonly weights: Value };
  /** What is fed to all of these. */
  readonly feeds: Readonly<Record<string, Float32Array | BigInt64Array>>;
  /** Compiles the graph of these outputs. WHENCE_BENCH_PROFILE=PREFIX writes a trace of every operator's time. */
  readonly open: (outputs: readonly NamedOutput[], weights: SessionOptions['weights']) => Promise<Session>;
}

export async function openModel(task: StageTask): Promise<OpenModel> {
  const { config, weights } = await openWeights(task.modelFolder);
  const root = weightsRoot([...new Set([...weights.values()].map(({ file }) => file))]);
  const locate = (name: string): ExternalLocation => {
    const found = weights.get(name);
    if (found === undefined) throw new Error(`the model has no parameter ${name}`);
    return { location: root.locate(found.file), offset: found.offset, byteLength: found.byteLength };
  };

  const builder = new GraphBuilder();
  const batch = task.rows.length;
  const length = task.rows[0]!.length;
  const places = task.rows.flatMap((row, r) => row.slice(1).map((_, t) => r * length + t));
  const targets = task.rows.flatMap((row) => row.slice(1));
  const count = [places.length];
  const profile = process.env.WHENCE_BENCH_PROFILE;
  return {
    config,
    builder,
    parameter: (name, shape) => builder.weight(name, shape),
    inputIds: builder.input('inputIds', 'int64', [batch, length]),
    loss: {
      places: builder.input('places', 'int64', count),
      targets: builder.input('targets', 'int64', count),
      weights: builder.input('weights', 'float32', count),
    },
    feeds: {
      inputIds: BigInt64Array.from(task.rows.flat(), BigInt),
      places: BigInt64Array.from(places, BigInt),
      targets: BigInt64Array.from(targets, BigInt),
      weights: new Float32Array(places.length).fill(1),
    },
    open: (outputs, held) =>
      openSession(encode(builder.finish(outputs), locate), {
        device: 'cpu',
        threads: task.threads,
        weightsFolder: root.folder,
        weights: held,
        workspace: 'kept',
        profile: profile === undefined ? 'off' : { prefix: profile },
      }),
  };
}
