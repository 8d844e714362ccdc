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

const weightsName = 'state_weights';

/** [B, layers * H]: hidden states of the chosen layers, weighted over positions. */
function stateProgram({ layers }: StateSettings): PassProgram {
  return {
    key: `states ${layers.join(',')}`,
    outputs: ({ builder, forward, shape }) => {
      const weights = builder.input(weightsName, 'float32', [shape.batch, 1, shape.length]);
      const parts = layers.map((layer): Value => {
        const states = forward.layers[layer]!.residPost;
        const hidden = states.shape[1]!;
        const mean = builder.matMul(weights, builder.reshape(states, [shape.batch, shape.length, hidden]));
        return builder.reshape(mean, [shape.batch, hidden]);
      });
      return [{ name: 'states', value: builder.concat(parts, 1) }];
    },
  };
}

/**
 * Mean hidden state over the trained tokens of each row.
 *
 * @returns [rows, layers * H], layer after layer
 */
export async function computeRowStates(
  rows: readonly PassTokens[],
  plan: PassPlan,
  settings: StateSettings,
  context: PassContext,
  onRows: (rows: number) => void,
): Promise<Float32Array> {
  const width = settings.layers.length * context.model.config.hiddenSize;
  const states = new Float32Array(rows.length * width);
  const inputs = {
    ...plainInputs,
    extra: (pass: readonly number[], shape: { readonly batch: number; readonly length: number }) => {
      const weights = new Float32Array(shape.batch * shape.length);
      for (const [i, index] of pass.entries()) {
        const { labels } = rows[index]!;
        const trained = [...labels.keys()].filter((t) => t > 0 && labels[t] !== untrained);
        for (const t of trained) weights[i * shape.length + t] = 1 / trained.length;
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
