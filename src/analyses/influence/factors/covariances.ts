import type { NamedOutput, Value } from '../../../graph/ir';
import { buildModuleSides, type ModuleSides, rowProducts } from '../../../model/buildModuleSides';
import { realPositions } from '../../../model/realPositions';
import {
  type PassContext,
  type PassPlan,
  type PassProgram,
  type PassValues,
  plainInputs,
  runRowPasses,
} from '../../passes/rowPasses';
import type { Columns } from '../gradients/columns';
import type { WeightedTokens } from '../gradients/rowGradients';
import { sharedInputs } from './sharedInputs';

/** Which second moments the eigenbases come from. */
export const factorKinds = ['ekfac', 'linfac'] as const;
export type FactorKind = (typeof factorKinds)[number];

/** Both Kronecker factors of every tracked module. */
export interface Covariances {
  /** A, [in, in], by the name that `inputOf` gives. */
  readonly inputs: ReadonlyMap<string, Float64Array>;
  /** S, [out, out], by module. */
  readonly outputs: ReadonlyMap<string, Float64Array>;
  /** Name in `inputs` of each module's input side: modules that read the same share it under `ekfac`. */
  readonly inputOf: ReadonlyMap<string, string>;
  readonly rows: number;
  /** Real (not padded) positions over all rows. */
  readonly positions: number;
}

const inputPrefix = 'A ';
const outputPrefix = 'S ';

/**
 * The Kronecker factors of each module over the rows, in one pass:
 *
 *   ekfac:  A = E_position[a a^T],     S = E_position[delta delta^T]   (Grosse et al. 2023: tokens independent)
 *   linfac: A = E_row[D_x^T D_x],      S = E_row[D_x D_x^T]            (D_x = sum_t delta_t a_t^T: tokens dependent)
 *
 * Positions are all that are not padding.
 *
 * @param rows with the labels that the factors are of: sampled for the Fisher information, their own for `empirical`
 * @param onRows called after each pass with the number of its rows
 */
export async function computeCovariances(
  kind: FactorKind,
  rows: readonly WeightedTokens[],
  plan: PassPlan,
  columns: Columns,
  context: PassContext,
  onRows: (rows: number) => void,
): Promise<Covariances> {
  const inputOf = kind === 'ekfac' ? sharedInputs(context.model, columns) : eachItsOwn(columns);
  const program = covarianceProgram(kind, columns, inputOf);
  const sums = new Map<string, Float64Array>();
  const inputs = { ...plainInputs, factors: (row: number) => rows[row]!.weight };
  let positions = 0;
  await runRowPasses(rows, plan, program, context, inputs, ({ rows: pass, outputs }) => {
    for (const [name, data] of Object.entries(outputs)) addTo(sums, name, data as Float32Array);
    for (const row of pass) positions += rows[row]!.ids.length;
    onRows(pass.length);
  });
  const divisor = kind === 'ekfac' ? positions : rows.length;
  const take = (prefix: string): ReadonlyMap<string, Float64Array> =>
    new Map(
      [...sums]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, sum]) => [name.slice(prefix.length), sum.map((value) => value / divisor)]),
    );
  return { inputs: take(inputPrefix), outputs: take(outputPrefix), inputOf, rows: rows.length, positions };
}

function eachItsOwn({ list }: Columns): ReadonlyMap<string, string> {
  return new Map(list.map(({ name }) => [name, name]));
}

/** Sums over the batch; `covarianceMemory` and the computation build the same. */
export function covarianceProgram(
  kind: FactorKind,
  columns: Columns,
  inputOf: ReadonlyMap<string, string>,
): PassProgram {
  return {
    key: `covariances ${kind} ${columns.kind} ${columns.width}`,
    outputs: (values) => {
      const tracked = new Set(columns.list.map(({ name }) => name));
      const sides = buildModuleSides(values.builder, values.forward, values.loss.sum, columns.kind).filter(
        ({ module }) => tracked.has(module.name),
      );
      return momentsOf[kind](values, sides, inputOf);
    },
  };
}

type MomentsMaker = (
  values: PassValues,
  sides: readonly ModuleSides[],
  inputOf: ReadonlyMap<string, string>,
) => NamedOutput[];

const momentsOf: { readonly [K in FactorKind]: MomentsMaker } = {
  ekfac: ({ builder, lengths, shape }, sides, inputOf) => {
    const mask = realPositions(builder, lengths, shape.length);
    return sides.flatMap(({ module, input, pseudoGradient }) => {
      const output = named(outputPrefix, module.name, gram(pseudoGradient, pseudoGradient));
      if (inputOf.get(module.name) !== module.name) return [output];
      return [named(inputPrefix, module.name, gram(builder.mul(input, mask), input)), output];
    });
    function gram(left: Value, right: Value): Value {
      return builder.gemm(left, right, { transA: 'yes', transB: 'no' });
    }
  },
  linfac: ({ builder, shape }, sides) =>
    sides.flatMap(({ module, input, pseudoGradient }) => {
      const { name, inputSize, outputSize } = module;
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

function addTo(sums: Map<string, Float64Array>, name: string, part: Float32Array): void {
  const sum = sums.get(name) ?? new Float64Array(part.length);
  for (let i = 0; i < part.length; i++) sum[i]! += part[i]!;
  sums.set(name, sum);
}
