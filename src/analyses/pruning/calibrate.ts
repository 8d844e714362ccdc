import type { NamedOutput, Value } from '../../graph/ir';
import type { LinearValues } from '../../model/architectures/linear';
import { buildModuleSides } from '../../model/buildModuleSides';
import { realPositions } from '../../model/realPositions';
import { inputError, internalError, type UserError } from '../../protocol/errors';
import { notFinite } from '../notFinite';
import {
  buildPass,
  type PassContext,
  type PassProgram,
  type PassTokens,
  passMemory,
  plainInputs,
  planRowPasses,
  runRowPasses,
} from '../passes/rowPasses';
import { countTrained } from '../training/passFeeds';
import { type Mask, masked } from './masks';
import type { PrunedMatrix } from './matrices';

/** Told of a pass over the calibration rows. */
export interface CalibrationWatch {
  /** Anonymous bytes of its sessions, before they are opened. */
  readonly onMemory: (bytes: number) => void;
  readonly onRows: (done: number) => void;
}

/** Squared norms of what matrices read, row by row. */
export interface InputNorms {
  readonly rows: number;
  /** Numbers of one row. */
  readonly width: number;
  /** [rows, width]: sum over a row's tokens of a_j^2, sources one after another. */
  readonly squares: Float32Array;
  /** Where a matrix's inputs begin; matrices that read the same share a place. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** Says which sources there are and where matrices find theirs; known before anything is computed. */
function sourcesOf(matrices: readonly PrunedMatrix[], linears: readonly LinearValues[]) {
  const byModule = new Map(linears.map((values) => [values.module.module, values]));
  const sources: { readonly name: string; readonly value: Value }[] = [];
  const sourceOf = new Map<string, string>();
  for (const { name, module, part } of matrices) {
    const values = byModule.get(module.module);
    const value = part === 'B' ? values?.lora?.inner : values?.input;
    if (value === undefined) throw internalError(`${name} is not in the graph`);
    const known = sources.find((source) => source.value === value);
    if (known === undefined) sources.push({ name, value });
    sourceOf.set(name, known?.name ?? name);
  }
  return { sources, sourceOf };
}

const normPrefix = 'squares ';

/** Sums over each row's tokens of every input squared; padding counts as nothing. */
function normProgram(
  matrices: readonly PrunedMatrix[],
  onSources: (sourceOf: ReadonlyMap<string, string>) => void,
): PassProgram {
  return {
    key: `input norms ${matrices.map(({ name }) => name).join(' ')}`,
    outputs: ({ builder, forward, lengths, shape }): NamedOutput[] => {
      const mask = realPositions(builder, lengths, shape.length);
      const { sources, sourceOf } = sourcesOf(matrices, forward.linears);
      onSources(sourceOf);
      return sources.map(({ name, value }) => {
        const squares = builder.mul(builder.mul(value, mask), value);
        const byRow = builder.reshape(squares, [shape.batch, shape.length, value.shape[1]!]);
        return { name: `${normPrefix}${name}`, value: builder.reduceSum(byRow, [1], 'drop') };
      });
    },
  };
}

/** Computes them in one pass over the rows, prompt and answer alike. @throws UserError `results-not-finite` */
export async function computeInputNorms(
  rows: readonly PassTokens[],
  matrices: readonly PrunedMatrix[],
  context: PassContext,
  watch: CalibrationWatch,
): Promise<InputNorms> {
  let sourceOf: ReadonlyMap<string, string> = new Map();
  const program = normProgram(matrices, (found) => {
    sourceOf = found;
  });
  const plan = planRowPasses(rows, null, context.model.config);
  // Built once by hand, because a session that is alive already is not built again.
  buildPass(context.model, plan.shapes[0]!, program);
  watch.onMemory(passMemory(context.model, plan, program));
  let found:
    | { readonly squares: Float32Array; readonly width: number; readonly offsets: ReadonlyMap<string, number> }
    | undefined;
  let done = 0;
  await runRowPasses(rows, plan, program, context, plainInputs, ({ rows: pass, outputs }) => {
    found ??= layOut(rows.length, matrices, sourceOf);
    for (const { name, columns } of matrices) {
      if (sourceOf.get(name) !== name) continue;
      const values = outputs[`${normPrefix}${name}`] as Float32Array;
      const offset = found.offsets.get(name)!;
      for (const [i, row] of pass.entries()) {
        found.squares.set(values.subarray(i * columns, (i + 1) * columns), row * found.width + offset);
      }
    }
    done += pass.length;
    watch.onRows(done);
  });
  if (found === undefined) throw internalError('no row was computed');
  const bad = found.squares.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw inputsNotFinite(context.model.label, Math.floor(bad / found.width) + 1, rows.length);
  return { rows: rows.length, ...found };
}

/** Of one row alone: other rows may be sound. */
function inputsNotFinite(label: string, row: number, rows: number): UserError {
  return inputError(
    'results-not-finite',
    `${label} computes activations of calibration row ${row} of ${rows} that are not finite (NaN or infinite), though its weights are.`,
    'Check config.json and the adapter against the weights, or leave the row out.',
  );
}

function layOut(rows: number, matrices: readonly PrunedMatrix[], sourceOf: ReadonlyMap<string, string>) {
  const offsets = new Map<string, number>();
  let width = 0;
  for (const { name, columns } of matrices) {
    const source = sourceOf.get(name)!;
    if (source === name) {
      offsets.set(name, width);
      width += columns;
    } else offsets.set(name, offsets.get(source)!);
  }
  return { squares: new Float32Array(rows * width), width, offsets };
}

/** Mean over rows of the squared norm of each of a matrix's inputs, summed in double precision. */
export function meanSquares(
  { rows, width, squares, offsets }: InputNorms,
  { name, columns }: Pick<PrunedMatrix, 'name' | 'columns'>,
): Float64Array {
  const offset = offsets.get(name);
  if (offset === undefined) throw internalError(`${name} has no norms`);
  const means = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const start = row * width + offset;
    for (let c = 0; c < columns; c++) means[c]! += squares[start + c]!;
  }
  for (let c = 0; c < columns; c++) means[c]! /= rows;
  return means;
}

/** What each row gives of the squared Wanda scores of the masked entries: sum of w_rc^2 a_c^2. All rows together 1. */
export function normShares(matrices: readonly PrunedMatrix[], mask: Mask, norms: InputNorms): Float64Array {
  const weights = new Float64Array(norms.width);
  for (const [m, { name, rows, columns, values }] of matrices.entries()) {
    const offset = norms.offsets.get(name)!;
    for (let i = 0; i < rows * columns; i++) {
      if (mask[m]![i] === 1) weights[offset + (i % columns)]! += values[i]! ** 2;
    }
  }
  const sums = Float64Array.from({ length: norms.rows }, (_, row) => {
    let sum = 0;
    for (let j = 0; j < norms.width; j++) sum += weights[j]! * norms.squares[row * norms.width + j]!;
    return sum;
  });
  return normalised(sums);
}

function normalised(sums: Float64Array): Float64Array {
  const total = sums.reduce((sum, value) => sum + Math.abs(value), 0);
  return total === 0 ? sums : sums.map((value) => value / total);
}

/** Each row counts alike: its loss is the mean over its trained tokens. */
function rowFactor(row: PassTokens): number {
  return 1 / Math.max(1, countTrained(row));
}

const gradientPrefix = 'gradient ';

function sideName({ name, module, part }: PrunedMatrix): string {
  return part === 'A' || part === 'B' ? name : module.module;
}

/** Gradients of the rows' mean losses, summed over rows, [rows, columns] each in the order of the matrices. */
export async function computeGradients(
  rows: readonly PassTokens[],
  matrices: readonly PrunedMatrix[],
  context: PassContext,
  watch: CalibrationWatch,
): Promise<Float64Array[]> {
  const sums = matrices.map(({ values }) => new Float64Array(values.length));
  const kind = matrices.some(({ part }) => part === 'A') ? 'adapter' : 'linear';
  const program: PassProgram = {
    key: `summed gradients ${matrices.map(({ name }) => name).join(' ')}`,
    outputs: ({ builder, forward, loss }) => {
      const sides = new Map(buildModuleSides(builder, forward, loss.sum, kind).map((side) => [side.module.name, side]));
      return matrices.map((matrix) => {
        const { pseudoGradient, input } = sides.get(sideName(matrix))!;
        return {
          name: `${gradientPrefix}${matrix.name}`,
          value: builder.gemm(pseudoGradient, input, { transA: 'yes', transB: 'no' }),
        };
      });
    },
  };
  const inputs = { ...plainInputs, factors: (row: number) => rowFactor(rows[row]!) };
  const plan = planRowPasses(rows, null, context.model.config);
  watch.onMemory(passMemory(context.model, plan, program));
  let done = 0;
  await runRowPasses(rows, plan, program, context, inputs, ({ rows: pass, outputs }) => {
    for (const [m, { name }] of matrices.entries()) {
      const values = outputs[`${gradientPrefix}${name}`] as Float32Array;
      const sum = sums[m]!;
      for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
    }
    done += pass.length;
    watch.onRows(done);
  });
  if (sums.some((sum) => sum.some((value) => !Number.isFinite(value)))) throw notFinite(context.model.label);
  return sums;
}

/**
 * What each row gives of the sum of w dL/dw over the masked entries, signed; absolute values of all rows together 1. The
 * sum over a row's positions of delta^T (M * W) a needs no gradient of its own.
 */
export async function gradientShares(
  rows: readonly PassTokens[],
  matrices: readonly PrunedMatrix[],
  mask: Mask,
  context: PassContext,
): Promise<Float64Array> {
  const kind = matrices.some(({ part }) => part === 'A') ? 'adapter' : 'linear';
  const feeds = Object.fromEntries(
    matrices.map(({ name, values }, m) => [
      `masked ${name}`,
      masked(
        values,
        mask[m]!.map((bit) => 1 - bit),
      ),
    ]),
  );
  const program: PassProgram = {
    key: `masked gradients ${matrices.map(({ name }) => name).join(' ')}`,
    outputs: ({ builder, forward, loss, shape }) => {
      const sides = new Map(buildModuleSides(builder, forward, loss.sum, kind).map((side) => [side.module.name, side]));
      const parts = matrices.map((matrix) => {
        const { pseudoGradient, input } = sides.get(sideName(matrix))!;
        const pruned = builder.input(`masked ${matrix.name}`, 'float32', [matrix.rows, matrix.columns]);
        const moved = builder.gemm(input, pruned, { transA: 'no', transB: 'yes' });
        const products = builder.reshape(builder.mul(pseudoGradient, moved), [shape.batch, shape.length * matrix.rows]);
        return builder.reduceSum(products, [1], 'drop');
      });
      return [{ name: 'sums', value: parts.reduce((sum, part) => builder.add(sum, part)) }];
    },
  };
  const sums = new Float64Array(rows.length);
  const inputs = { factors: (row: number) => rowFactor(rows[row]!), extra: () => feeds };
  await runRowPasses(
    rows,
    planRowPasses(rows, null, context.model.config),
    program,
    context,
    inputs,
    ({ rows: pass, outputs }) => {
      for (const [i, row] of pass.entries()) sums[row] = (outputs.sums as Float32Array)[i]!;
    },
  );
  return normalised(sums);
}
