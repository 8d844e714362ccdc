import type { NamedOutput, Value } from '../../../graph/ir';
import { rowProducts } from '../../../model/buildModuleSides';
import { realPositions } from '../../../model/realPositions';
import { internalError } from '../../../protocol/errors';
import type { PassValues } from '../../passes/rowPasses';
import type { TrackedSides } from '../gradients/trackedSides';

/** Which second moments the eigenbases come from. */
export const factorKinds = ['ekfac', 'linfac'] as const;
export type FactorKind = (typeof factorKinds)[number];

const inputPrefix = 'A ';
const outputPrefix = 'S ';

/**
 * Sums over a batch of what the Kronecker factors are means of:
 *
 *   ekfac:  A = E_position[a a^T],     S = E_position[delta delta^T]   (Grosse et al. 2023: tokens independent)
 *   linfac: A = E_row[D_x^T D_x],      S = E_row[D_x D_x^T]            (D_x = sum_t delta_t a_t^T: tokens dependent)
 *
 * Positions are all that are not padding.
 *
 * @param inputOf name of the module that holds each module's A
 */
export const momentOutputs: {
  readonly [K in FactorKind]: (
    values: PassValues,
    sides: readonly TrackedSides[],
    inputOf: ReadonlyMap<string, string>,
  ) => NamedOutput[];
} = {
  ekfac: ({ builder, lengths, shape }, sides, inputOf) => {
    const mask = realPositions(builder, lengths, shape.length);
    return sides.flatMap(({ column: { name }, input, pseudoGradient }) => {
      const output = named(outputPrefix, name, gram(pseudoGradient, pseudoGradient));
      if (inputOf.get(name) !== name) return [output];
      return [named(inputPrefix, name, gram(builder.mul(input, mask), input)), output];
    });
    function gram(left: Value, right: Value): Value {
      return builder.gemm(left, right, { transA: 'yes', transB: 'no' });
    }
  },
  linfac: ({ builder, shape }, sides) =>
    sides.flatMap(({ column: { name, inputSize, outputSize }, input, pseudoGradient }) => {
      const gradients = rowProducts(builder, shape.batch, pseudoGradient, input);
      const tall = builder.reshape(gradients, [shape.batch * outputSize, inputSize]);
      const wide = builder.reshape(builder.transpose(gradients, [1, 0, 2]), [outputSize, shape.batch * inputSize]);
      return [
        named(inputPrefix, name, builder.gemm(tall, tall, { transA: 'yes', transB: 'no' })),
        named(outputPrefix, name, builder.gemm(wide, wide, { transA: 'no', transB: 'yes' })),
      ];
    }),
};

function named(prefix: string, name: string, value: Value): NamedOutput {
  return { name: `${prefix}${name}`, value };
}

/** Sums of moments over passes, in float32 where they are many: the products of a pass are of that precision too. */
export class MomentSums {
  private readonly sums = new Map<string, Float32Array | Float64Array>();

  constructor(private readonly precision: 'float32' | 'float64') {}

  /** Adds the outputs that are moments. */
  add(outputs: Readonly<Record<string, ArrayLike<number> | ArrayLike<bigint>>>): void {
    for (const [name, data] of Object.entries(outputs)) {
      if (!name.startsWith(inputPrefix) && !name.startsWith(outputPrefix)) continue;
      const part = data as Float32Array;
      const known = this.sums.get(name);
      if (known === undefined)
        this.sums.set(name, this.precision === 'float32' ? part.slice() : Float64Array.from(part));
      else for (let i = 0; i < part.length; i++) known[i]! += part[i]!;
    }
  }

  /** The mean matrix of one side of a module; the sum is let go of. */
  take(side: 'input' | 'output', module: string, divisor: number): Float32Array | Float64Array {
    const name = `${side === 'input' ? inputPrefix : outputPrefix}${module}`;
    const sum = this.sums.get(name);
    if (sum === undefined) throw internalError(`${name} has no sum`);
    this.sums.delete(name);
    for (let i = 0; i < sum.length; i++) sum[i]! /= divisor;
    return sum;
  }
}
