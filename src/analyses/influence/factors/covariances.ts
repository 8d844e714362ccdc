import type { GraphBuilder } from '../../../graph/builder';
import type { NamedOutput, Value } from '../../../graph/ir';
import { rowProducts } from '../../../model/buildModuleSides';
import { realPositions } from '../../../model/realPositions';
import { internalError } from '../../../protocol/errors';
import type { PassValues } from '../../passes/rowPasses';
import type { TrackedSides } from '../gradients/trackedSides';
import type { FactorSide } from './eigenbases';

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
      const output = gram(builder, `${outputPrefix}${name}`, pseudoGradient, pseudoGradient);
      if (inputOf.get(name) !== name) return output;
      return [...gram(builder, `${inputPrefix}${name}`, builder.mul(input, mask), input), ...output];
    });
  },
  linfac: ({ builder, shape }, sides) =>
    sides.flatMap(({ column: { name, inputSize, outputSize }, input, pseudoGradient }) => {
      const gradients = rowProducts(builder, shape.batch, pseudoGradient, input);
      const tall = builder.reshape(gradients, [shape.batch * outputSize, inputSize]);
      const wide = builder.reshape(builder.transpose(gradients, [0, 2, 1]), [shape.batch * inputSize, outputSize]);
      return [
        ...gram(builder, `${inputPrefix}${name}`, tall, tall),
        ...gram(builder, `${outputPrefix}${name}`, wide, wide),
      ];
    }),
};

/** Rows of a panel of a symmetric product that is not made at once. */
const panelRows = 344;

/**
 * Panels of rows of an n x n symmetric matrix: each is made up to its last row's diagonal, so that most of the upper
 * triangle is never computed, copied or summed.
 */
function panelsOf(n: number): readonly { readonly first: number; readonly end: number }[] {
  const count = Math.max(1, Math.round(n / panelRows));
  const at = (panel: number): number => Math.round((n * panel) / count);
  return Array.from({ length: count }, (_, panel) => ({ first: at(panel), end: at(panel + 1) }));
}

/** left^T right, which is symmetric: [N, n], [N, n] => a panel [end - first, end] an output. */
function gram(builder: GraphBuilder, name: string, left: Value, right: Value): NamedOutput[] {
  const n = left.shape[1]!;
  const columns = (x: Value, first: number, end: number): Value =>
    end - first === n ? x : builder.slice(x, 1, first, end);
  return panelsOf(n).map(({ first, end }, panel) => ({
    name: panelName(name, panel),
    value: builder.gemm(columns(left, first, end), columns(right, 0, end), { transA: 'yes', transB: 'no' }),
  }));
}

function panelName(name: string, panel: number): string {
  return `${name} ${panel}`;
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

  /** The mean matrix of one side of a module, elements with column <= row; the sums are let go of. */
  take({ side, module, size }: FactorSide, divisor: number): Float32Array | Float64Array {
    const name = `${side === 'input' ? inputPrefix : outputPrefix}${module}`;
    const [whole, ...others] = panelsOf(size).map(({ first, end }, panel) => {
      const sum = this.sums.get(panelName(name, panel));
      if (sum === undefined) throw internalError(`${name} has no sum`);
      this.sums.delete(panelName(name, panel));
      for (let i = 0; i < sum.length; i++) sum[i]! /= divisor;
      return { sum, first, end };
    });
    if (others.length === 0) return whole!.sum;
    const matrix = this.precision === 'float32' ? new Float32Array(size * size) : new Float64Array(size * size);
    for (const { sum, first, end } of [whole!, ...others]) {
      for (let row = first; row < end; row++)
        matrix.set(sum.subarray((row - first) * end, (row - first + 1) * end), row * size);
    }
    return matrix;
  }
}
