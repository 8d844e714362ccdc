import { decodeHalfRows, encodeHalfRows } from '../../../store/halfRows';
import { type PassContext, type PassPlan, type PassProgram, runRowPasses } from '../../passes/rowPasses';
import type { Columns } from '../gradients/columns';
import { gradientProgram } from '../gradients/rowGradients';
import { columnsKey, trackedSides } from '../gradients/trackedSides';
import { type FactorKind, MomentSums, momentOutputs } from './covariances';
import { basesOfModules, decomposeSides, factorSides } from './eigenbases';
import type { Factors } from './factors';
import type { FitProgress, FitSettings } from './fitFactors';
import { createRotator, type Rotator } from './rotator';
import { type FactorRow, labelledInputs, targetsOf } from './rowLabels';

/** Rows whose gradients are decoded and rotated together. */
const rotatedRows = 64;

/** Gradients of every row as halves. */
interface KeptRows {
  /** [rows, width] */
  readonly halves: Uint16Array;
  readonly scales: Float32Array;
}

/** Moments and gradients of one pass. */
export function keptFitProgram(
  { kind, labels }: FitSettings,
  columns: Columns,
  inputOf: ReadonlyMap<string, string>,
): PassProgram {
  return {
    key: `factors ${kind} ${labels} ${columnsKey(columns)}`,
    targets: targetsOf[labels],
    outputs: (values) => [
      ...momentOutputs[kind](values, trackedSides(values, columns), inputOf),
      ...gradientProgram(columns).outputs(values),
    ],
  };
}

/**
 * Fits factors in one pass over the rows: the gradients come out of it beside the covariances and stay in memory as halves
 * until the eigenbases are known.
 */
export async function fitKept(
  settings: FitSettings,
  rows: readonly FactorRow[],
  plan: PassPlan,
  columns: Columns,
  inputOf: ReadonlyMap<string, string>,
  context: PassContext,
  onProgress: FitProgress,
): Promise<Factors> {
  const { kind, labels } = settings;
  const { width } = columns;
  const sums = new MomentSums('float64');
  const kept: KeptRows = { halves: new Uint16Array(rows.length * width), scales: new Float32Array(rows.length) };
  const program = keptFitProgram(settings, columns, inputOf);
  let [done, positions] = [0, 0];
  onProgress('covariances', 0, rows.length);
  await runRowPasses(rows, plan, program, context, labelledInputs(rows, settings), ({ rows: pass, outputs }) => {
    sums.add(outputs);
    const gradients = outputs.gradients as Float32Array;
    for (const [i, row] of pass.entries()) {
      encodeHalfRows(gradients, width, i, 1, kept.halves, kept.scales, row);
      positions += rows[row]!.ids.length;
    }
    done += pass.length;
    onProgress('covariances', done, rows.length);
  });
  const sides = factorSides(columns, inputOf);
  const bases = new Map();
  const divisor = divisorOf(kind, rows.length, positions);
  await decomposeSides(
    sides,
    (side) => sums.take(side, divisor),
    bases,
    context.place.threads,
    () => onProgress('eigenbases', bases.size, sides.length),
  );
  const modules = basesOfModules(columns, inputOf, bases);
  const rotator = await createRotator(columns, modules, rotatedRows, context.place);
  try {
    const lambda = await eigenvalues(kept, columns, rotator, (count) =>
      onProgress('eigenvalues', Math.floor((count * rows.length) / columns.list.length), rows.length),
    );
    return { kind, labels, columns, modules, lambda };
  } finally {
    await rotator.release();
  }
}

/** Positions of `ekfac`, rows of `linfac`. */
export function divisorOf(kind: FactorKind, rows: number, positions: number): number {
  return kind === 'ekfac' ? positions : rows;
}

/** [width]: mean over rows of the squared gradient in the eigenbasis, module by module. */
async function eigenvalues(
  { halves, scales }: KeptRows,
  { list, width }: Columns,
  rotator: Rotator,
  onModules: (modules: number) => void,
): Promise<Float32Array> {
  const rows = scales.length;
  const lambda = new Float32Array(width);
  for (const [module, { offset, size }] of list.entries()) {
    const sums = new Float64Array(size);
    for (let first = 0; first < rows; first += rotatedRows) {
      const count = Math.min(rotatedRows, rows - first);
      const values = new Float32Array(count * size);
      for (let i = 0; i < count; i++) {
        const start = (first + i) * width + offset;
        const row = halves.subarray(start, start + size);
        decodeHalfRows(row, scales.subarray(first + i), size, 0, 1, values.subarray(i * size));
      }
      addSquares(sums, await rotator.rotateModule('to', module, values));
    }
    for (let j = 0; j < size; j++) lambda[offset + j] = sums[j]! / rows;
    onModules(module + 1);
  }
  return lambda;
}

/** @param values [n, sums.length] */
function addSquares(sums: Float64Array, values: Float32Array): void {
  const { length } = sums;
  for (let start = 0; start < values.length; start += length) {
    for (let j = 0; j < length; j++) sums[j]! += values[start + j]! * values[start + j]!;
  }
}
