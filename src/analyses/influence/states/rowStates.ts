import type { Value } from '../../../graph/ir';
import {
  type PassContext,
  type PassPlan,
  type PassProgram,
  type PassTokens,
  plainInputs,
  runRowPasses,
} from '../../passes/rowPasses';
import { untrained } from '../../training/passFeeds';

/** Where a state is taken: the mean over some tokens of a row. */
export interface StatePlace {
  readonly name: string;
  /** Places of the tokens, at least one. */
  readonly tokens: (row: PassTokens) => readonly number[];
}

/** Layers whose output is taken at the same places: layer after layer, place after place. */
export interface StateGroup {
  /** 0: the first; `embeddingLayer`: what the first one reads. */
  readonly layers: readonly number[];
  readonly places: readonly StatePlace[];
}

/** Which hidden states stand for a row. */
export interface StateSettings {
  readonly groups: readonly StateGroup[];
}

export const embeddingLayer = -1;

/**
 * Where states that say what rows are like are taken: `answer` is the mean over the trained tokens, `turn` the mean over
 * the tokens that each trained span follows, where all of the prompt has been read and nothing of the answer.
 */
export const statePositions = ['answer', 'turn'] as const;

/** States of these layers at `statePositions`. */
export function kindStates(layers: readonly number[]): StateSettings {
  return { groups: [{ layers, places: statePositions.map((name) => ({ name, tokens: tokensOf[name] })) }] };
}

/** Values of one row: group after group, each layer after layer, place after place, [H] each. */
export function stateWidth({ groups }: StateSettings, hidden: number): number {
  return groups.reduce((sum, { layers, places }) => sum + layers.length * places.length * hidden, 0);
}

const weightsName = (group: number): string => `state_weights_${group}`;

/** [B, width]: hidden states, weighted over tokens. */
export function stateProgram({ groups }: StateSettings): PassProgram {
  return {
    key: `states ${groups.map(({ layers, places }) => `${layers.join(',')}x${places.length}`).join(' ')}`,
    outputs: ({ builder, forward, shape: { batch, length } }) => {
      const parts = groups.flatMap(({ layers, places }, group): Value[] => {
        const weights = builder.input(weightsName(group), 'float32', [batch, places.length, length]);
        return layers.map((layer) => {
          const states = layer === embeddingLayer ? forward.embedding : forward.layers[layer]!.residPost;
          const hidden = states.shape[1]!;
          const means = builder.matMul(weights, builder.reshape(states, [batch, length, hidden]));
          return builder.reshape(means, [batch, places.length * hidden]);
        });
      });
      return [{ name: 'states', value: builder.concat(parts, 1) }];
    },
  };
}

/**
 * Mean hidden states of each row.
 *
 * @returns [rows, `stateWidth`]
 */
export async function computeRowStates(
  rows: readonly PassTokens[],
  plan: PassPlan,
  settings: StateSettings,
  context: PassContext,
  onRows: (rows: number) => void,
): Promise<Float32Array> {
  const width = stateWidth(settings, context.model.config.hiddenSize);
  const states = new Float32Array(rows.length * width);
  const inputs = {
    ...plainInputs,
    extra: (pass: readonly number[], shape: { readonly batch: number; readonly length: number }) =>
      Object.fromEntries(
        settings.groups.map(({ places }, group) => [
          weightsName(group),
          meanWeights(
            pass.map((index) => rows[index]!),
            places,
            shape,
          ),
        ]),
      ),
  };
  await runRowPasses(rows, plan, stateProgram(settings), context, inputs, ({ rows: pass, outputs }) => {
    const found = outputs.states as Float32Array;
    for (const [i, row] of pass.entries()) states.set(found.subarray(i * width, (i + 1) * width), row * width);
    onRows(pass.length);
  });
  return states;
}

/** [B, places, T]: what each token counts. */
function meanWeights(
  rows: readonly PassTokens[],
  places: readonly StatePlace[],
  { batch, length }: { readonly batch: number; readonly length: number },
): Float32Array {
  const weights = new Float32Array(batch * places.length * length);
  for (const [i, row] of rows.entries())
    for (const [p, { tokens }] of places.entries()) {
      const start = (i * places.length + p) * length;
      const chosen = tokens(row);
      for (const t of chosen) weights[start + t] = 1 / chosen.length;
    }
  return weights;
}

const tokensOf = {
  answer: ({ labels }: PassTokens): readonly number[] =>
    [...labels.keys()].filter((t) => t > 0 && labels[t] !== untrained),
  turn: (row: PassTokens): readonly number[] =>
    tokensOf
      .answer(row)
      .map((t) => t - 1)
      .filter((t) => t === 0 || row.labels[t] === untrained),
};
