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

/** Which hidden states stand for a row. */
export interface StateSettings {
  /** Outputs of these layers (0: the first), in this order. */
  readonly layers: readonly number[];
}

/**
 * Where states are taken: `answer` is the mean over the trained tokens, `turn` the mean over the tokens that each trained
 * span follows, where all of the prompt has been read and nothing of the answer.
 */
export const statePositions = ['answer', 'turn'] as const;

/** Values of one row: layer after layer, position after position, [H] each. */
export function stateWidth({ layers }: StateSettings, hidden: number): number {
  return layers.length * statePositions.length * hidden;
}

const weightsName = 'state_weights';

/** [B, layers * positions * H]: hidden states of the chosen layers, weighted over tokens. */
function stateProgram({ layers }: StateSettings): PassProgram {
  const positions = statePositions.length;
  return {
    key: `states ${layers.join(',')}`,
    outputs: ({ builder, forward, shape }) => {
      const weights = builder.input(weightsName, 'float32', [shape.batch, positions, shape.length]);
      const parts = layers.map((layer): Value => {
        const states = forward.layers[layer]!.residPost;
        const hidden = states.shape[1]!;
        const means = builder.matMul(weights, builder.reshape(states, [shape.batch, shape.length, hidden]));
        return builder.reshape(means, [shape.batch, positions * hidden]);
      });
      return [{ name: 'states', value: builder.concat(parts, 1) }];
    },
  };
}

/**
 * Mean hidden states of each row at `statePositions`.
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
    extra: (pass: readonly number[], { batch, length }: { readonly batch: number; readonly length: number }) => {
      const weights = new Float32Array(batch * statePositions.length * length);
      for (const [i, index] of pass.entries()) {
        const start = i * statePositions.length * length;
        const { answer, turn } = placesOf(rows[index]!);
        for (const t of answer) weights[start + t] = 1 / answer.length;
        for (const t of turn) weights[start + length + t] = 1 / turn.length;
      }
      return { [weightsName]: weights };
    },
  };
  await runRowPasses(rows, plan, stateProgram(settings), context, inputs, ({ rows: pass, outputs }) => {
    const found = outputs.states as Float32Array;
    for (const [i, row] of pass.entries()) states.set(found.subarray(i * width, (i + 1) * width), row * width);
    onRows(pass.length);
  });
  return states;
}

/** The tokens of each position. */
function placesOf({ labels }: PassTokens): { readonly answer: readonly number[]; readonly turn: readonly number[] } {
  const answer = [...labels.keys()].filter((t) => t > 0 && labels[t] !== untrained);
  const turn = answer.map((t) => t - 1).filter((t) => t === 0 || labels[t] === untrained);
  return { answer, turn };
}
