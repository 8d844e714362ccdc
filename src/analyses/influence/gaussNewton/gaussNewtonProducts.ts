/**
 * gaussNewton/ multiplies vectors by the true Gauss-Newton matrix of the rows' losses and solves systems with it. It knows
 * no query and no score.
 */
import { gaussNewtonVectorProduct, softmaxCrossEntropyHessian } from '../../../graph/gaussNewtonVectorProduct';
import type { Value } from '../../../graph/ir';
import { internalError } from '../../../protocol/errors';
import {
  type PassContext,
  type PassInputs,
  type PassPlan,
  type PassProgram,
  type PassValues,
  passMemory,
  runRowPasses,
} from '../../passes/rowPasses';
import type { Column, Columns } from '../gradients/columns';
import type { WeightedTokens } from '../gradients/rowGradients';

/** Vectors that share a forward pass. */
const vectorsAtOnce = 4;

const feedName = 'directions';
const resultName = 'products';

/**
 * G v of every vector, G = E_row[J_k^T H_k J_k]: the Gauss-Newton matrix of the row's summed weighted loss with respect to
 * the tracked matrices, where J is the Jacobian of the logits at trained positions and H the Hessian of softmax cross
 * entropy. It is the Fisher information that sampled labels estimate, without sampling and without independence of
 * tokens or modules.
 *
 * @param vectors [count, width]
 * @param onPasses called after each pass, all vectors in turn
 * @returns [count, width]
 */
export async function gaussNewtonProducts(
  vectors: Float32Array,
  count: number,
  rows: readonly WeightedTokens[],
  plan: PassPlan,
  columns: Columns,
  context: PassContext,
  onPasses: (done: number, total: number) => void,
): Promise<Float64Array> {
  const { width } = columns;
  if (vectors.length !== count * width) throw internalError(`${vectors.length} values are not [${count}, ${width}]`);
  const sums = new Float64Array(count * width);
  const together = Math.min(vectorsAtOnce, count);
  const program = gaussNewtonProgram(columns, together);
  const total = plan.passes.length * Math.ceil(count / together);
  let done = 0;
  for (let first = 0; first < count; first += together) {
    const here = Math.min(together, count - first);
    const directions = new Float32Array(together * width);
    directions.set(vectors.subarray(first * width, (first + here) * width));
    const inputs: PassInputs = { factors: (row) => rows[row]!.weight, extra: () => ({ [feedName]: directions }) };
    await runRowPasses(rows, plan, program, context, inputs, ({ outputs }) => {
      const products = outputs[resultName] as Float32Array;
      for (let i = 0; i < here * width; i++) sums[first * width + i]! += products[i]! / rows.length;
      done += 1;
      onPasses(done, total);
    });
  }
  return sums;
}

/** Anonymous bytes of the sessions of `gaussNewtonProducts`. */
export function gaussNewtonMemory(
  model: PassContext['model'],
  plan: PassPlan,
  columns: Columns,
  vectors: number,
): number {
  return passMemory(model, plan, gaussNewtonProgram(columns, Math.min(vectorsAtOnce, vectors)));
}

/** J^T H J v summed over the batch, for `count` vectors: one forward pass, and for each vector tangents and a way back. */
function gaussNewtonProgram(columns: Columns, count: number): PassProgram {
  const { width, list, kind } = columns;
  return {
    key: `gauss-newton ${kind} ${width} ${count}`,
    outputs: (values) => {
      const { builder, loss, factors } = values;
      const tracked = trackedMatrices(values, columns);
      const wrt = tracked.map(({ value }) => value);
      const hessian = softmaxCrossEntropyHessian(builder, loss.logits, factors);
      const directions = builder.input(feedName, 'float32', [count, width]);
      const products = Array.from({ length: count }, (_, i) => {
        const direction = builder.slice(directions, 0, i, i + 1);
        const vectors = list.map(({ offset, size }, c) =>
          tracked[c]!.fromColumn(builder.slice(direction, 1, offset, offset + size)),
        );
        const parts = gaussNewtonVectorProduct(builder, loss.logits, hessian, wrt, vectors);
        return builder.concat(
          parts.map((part, c) => builder.reshape(tracked[c]!.toColumn(part), [1, list[c]!.size])),
          1,
        );
      });
      return [{ name: resultName, value: builder.concat(products, 0) }];
    },
  };
}

/** The value whose gradient a column holds, and how one is laid out as the other. */
interface TrackedMatrix {
  readonly value: Value;
  readonly fromColumn: (part: Value) => Value;
  readonly toColumn: (gradient: Value) => Value;
}

function trackedMatrices({ builder, forward }: PassValues, { kind, list }: Columns): readonly TrackedMatrix[] {
  const found = new Map<string, { readonly value: Value; readonly layout: 'outIn' | 'inOut' }>();
  for (const { module, weight, lora } of forward.linears) {
    if (kind === 'linear') found.set(module.module, { value: weight, layout: module.layout });
    else if (lora !== undefined) {
      found.set(`${module.module}.lora_A`, { value: lora.a, layout: 'outIn' });
      found.set(`${module.module}.lora_B`, { value: lora.b, layout: 'outIn' });
    }
  }
  return list.map(({ name, inputSize, outputSize }: Column): TrackedMatrix => {
    const matrix = found.get(name);
    if (matrix === undefined) throw internalError(`no matrix of ${name}`);
    const transposed = (value: Value): Value => (matrix.layout === 'outIn' ? value : builder.transpose(value, [1, 0]));
    return {
      value: matrix.value,
      fromColumn: (part) => transposed(builder.reshape(part, [outputSize, inputSize])),
      toColumn: transposed,
    };
  });
}
