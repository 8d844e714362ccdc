import { symmetricEigen } from '../../../linalg/eigen/symmetricEigen';
import { internalError } from '../../../protocol/errors';
import type { PassContext, PassPlan } from '../../passes/rowPasses';
import type { Columns } from '../gradients/columns';
import { computeRowGradients, type WeightedTokens } from '../gradients/rowGradients';
import { type Covariances, computeCovariances, type FactorKind } from './covariances';
import type { Eigenbasis, FactorLabels, Factors, ModuleFactors } from './factors';
import { createRotator, type Rotator } from './rotator';
import { sampleLabels } from './sampleLabels';

export interface FitSettings {
  readonly kind: FactorKind;
  readonly labels: FactorLabels;
  /** Of the sampled labels. */
  readonly seed: number;
}

export type FitStage = 'sampling labels' | 'covariances' | 'eigenbases' | 'eigenvalues';

/** A row whose gradient counts in the curvature. */
export interface FactorRow extends WeightedTokens {
  readonly encodingHash: string;
}

/** Gradient vectors that are rotated together. */
const rotationBlock = 8;

/**
 * Fits eigenvalue-corrected Kronecker factors to rows: covariances, their eigenbases, and the second moments of per-row
 * gradients in them (George et al. 2018; Grosse et al. 2023; `linfac` the reconstruction of arXiv 2412.16451, which is
 * eigenvalue-corrected Shampoo on rows).
 *
 * @param onProgress how much of a stage is done, in its own units
 */
export async function fitFactors(
  { kind, labels, seed }: FitSettings,
  rows: readonly FactorRow[],
  plan: PassPlan,
  columns: Columns,
  context: PassContext,
  onProgress: (stage: FitStage, done: number, total: number) => void,
): Promise<Factors> {
  onProgress('sampling labels', 0, rows.length);
  const labelled = labels === 'sampled' ? await sampleLabels(rows, plan, seed, context) : rows;
  let done = 0;
  const covariances = await computeCovariances(kind, labelled, plan, columns, context, (count) => {
    done += count;
    onProgress('covariances', done, rows.length);
  });
  const modules = eigenbases(columns, covariances, (count, total) => onProgress('eigenbases', count, total));
  const rotator = await createRotator(columns, modules, rotationBlock, context.place);
  try {
    const lambda = await eigenvalues(labelled, plan, columns, context, rotator, (count) =>
      onProgress('eigenvalues', count, rows.length),
    );
    return { kind, labels, columns, modules, lambda };
  } finally {
    await rotator.release();
  }
}

/** Eigenvectors of both factors of every module; a shared input factor is decomposed once. */
export function eigenbases(
  { list }: Columns,
  { inputs, outputs, inputOf }: Covariances,
  onProgress: (done: number, total: number) => void,
): ModuleFactors[] {
  const total = inputs.size + outputs.size;
  let done = 0;
  const basisOf = (matrix: Float64Array | undefined, size: number): Eigenbasis => {
    if (matrix === undefined) throw internalError('a module has no covariance');
    const { vectors } = symmetricEigen(matrix, size);
    done += 1;
    onProgress(done, total);
    return { size, vectors: Float32Array.from(vectors) };
  };
  const inputBases = new Map<string, Eigenbasis>();
  return list.map(({ name, inputSize, outputSize }) => {
    const shared = inputOf.get(name)!;
    const input = inputBases.get(shared) ?? basisOf(inputs.get(shared), inputSize);
    inputBases.set(shared, input);
    return { input, output: basisOf(outputs.get(name), outputSize) };
  });
}

/** [width]: mean over rows of the squared gradient in the eigenbasis. */
async function eigenvalues(
  rows: readonly WeightedTokens[],
  plan: PassPlan,
  columns: Columns,
  context: PassContext,
  rotator: Rotator,
  onRows: (rows: number) => void,
): Promise<Float32Array> {
  const { width } = columns;
  const sums = new Float64Array(width);
  const block = new Float32Array(rotator.block * width);
  let filled = 0;
  let done = 0;
  const flush = async (): Promise<void> => {
    if (filled === 0) return;
    const rotated = await rotator.toEigenbasis(block.subarray(0, filled * width));
    for (let i = 0; i < filled; i++) {
      const start = i * width;
      for (let j = 0; j < width; j++) sums[j]! += rotated[start + j]! * rotated[start + j]!;
    }
    done += filled;
    filled = 0;
    onRows(done);
  };
  await computeRowGradients(rows, plan, columns, context, async (pass) => {
    for (let i = 0; i < pass.rows.length; i++) {
      block.set(pass.gradients.subarray(i * width, (i + 1) * width), filled * width);
      filled += 1;
      if (filled === rotator.block) await flush();
    }
  });
  await flush();
  return Float32Array.from(sums, (sum) => sum / rows.length);
}
