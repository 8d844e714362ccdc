/** Reads test/fixtures/models and test/fixtures/architectures: a checkpoint, its rows and what a right program makes of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { GraphBuilder } from '../../../../src/graph/builder';
import type { Value } from '../../../../src/graph/ir';
import type { AdapterSource } from '../../../../src/model/architectures/linear';
import { buildForward, type ForwardGraph, observe } from '../../../../src/model/buildForward';
import { buildLoss, type LossValues } from '../../../../src/model/buildLoss';
import { openCheckpoint } from '../../../../src/model/checkpoint/openCheckpoint';
import { requireTensors } from '../../../../src/model/checkpoint/requireTensors';
import type { TensorLocation } from '../../../../src/model/checkpoint/types';
import type { ModelConfig } from '../../../../src/model/modelConfig';
import { parameterShapes } from '../../../../src/model/parameterShapes';
import { parseModelConfig } from '../../../../src/model/parseModelConfig';
import { type Feeds, readAllTensors } from './runModelGraph';

export interface Batch {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly loss_mask: readonly (readonly number[])[];
}

export interface Greedy {
  readonly input_ids: readonly number[];
  readonly new_ids: readonly number[];
}

export interface ModelFixture {
  readonly config: ModelConfig;
  readonly weights: ReadonlyMap<string, TensorLocation>;
  readonly batch: Batch;
  readonly greedy: readonly Greedy[];
  /** `reference.safetensors` */
  readonly expected: ReadonlyMap<string, Float32Array>;
}

export async function readModelFixture(folder: string): Promise<ModelFixture> {
  const checkpoint = await openCheckpoint(folder);
  const config = parseModelConfig(checkpoint.config, path.join(folder, 'config.json'));
  requireTensors(checkpoint, parameterShapes(config));
  const reference = JSON.parse(readFileSync(path.join(folder, 'reference.json'), 'utf8')) as {
    batch: Batch;
    greedy: Greedy[];
  };
  const weights = new Map<string, TensorLocation>();
  for (const [name, tensor] of checkpoint.tensors) {
    if (tensor.kind === 'plain') weights.set(name, tensor.location);
  }
  return {
    config,
    weights,
    batch: reference.batch,
    greedy: reference.greedy,
    expected: await readAllTensors(path.join(folder, 'reference.safetensors')),
  };
}

export interface FixtureGraph {
  readonly builder: GraphBuilder;
  readonly forward: ForwardGraph;
  readonly loss: LossValues;
  /** Weight values by parameter name, as far as the graph uses them. */
  readonly parameters: ReadonlyMap<string, Value>;
  readonly feeds: Feeds;
  /** Place of each target in the flattened batch. */
  readonly targetPlaces: readonly number[];
}

/** Forward pass and loss over the fixture's batch; one filling place is added to the trained ones. */
export function fixtureGraph(
  { config, batch }: Pick<ModelFixture, 'config' | 'batch'>,
  adapter: (builder: GraphBuilder) => AdapterSource,
): FixtureGraph {
  const builder = new GraphBuilder();
  const rows = batch.input_ids.length;
  const length = batch.input_ids[0]!.length;
  const parameters = new Map<string, Value>();
  const forward = buildForward(builder, config, {
    inputIds: builder.input('input_ids', 'int64', [rows, length]),
    parameter: (name, shape) => {
      const value = builder.weight(name, shape);
      parameters.set(name, value);
      return value;
    },
    adapter: adapter(builder),
    intervene: observe,
  });
  const trained = batch.loss_mask.flatMap((mask, row) =>
    mask.flatMap((flag, t) => (flag === 1 ? [{ place: row * length + t, id: batch.input_ids[row]![t]! }] : [])),
  );
  const count = trained.length + 1;
  const loss = buildLoss(builder, forward, {
    places: builder.input('places', 'int64', [count]),
    targets: builder.input('targets', 'int64', [count]),
    weights: builder.input('weights', 'float32', [count]),
  });
  return {
    builder,
    forward,
    loss,
    parameters,
    feeds: {
      input_ids: batch.input_ids.flat(),
      places: [...trained.map(({ place }) => place - 1), 0],
      targets: [...trained.map(({ id }) => id), 0],
      weights: [...trained.map(() => 1), 0],
    },
    targetPlaces: trained.map(({ place }) => place),
  };
}

/** Copies of `width` values per position, zero where the mask is: padding means nothing. */
export function atRealPositions(values: ArrayLike<number>, mask: Batch['attention_mask'], width: number): Float32Array {
  const result = Float32Array.from(values);
  mask.flat().forEach((flag, place) => {
    if (flag === 0) result.fill(0, place * width, (place + 1) * width);
  });
  return result;
}
