import type { Columns } from '../gradients/columns';
import type { FactorKind } from './covariances';

/** An orthonormal basis Q of eigenvectors. */
export interface Eigenbasis {
  readonly size: number;
  /** [size, size], row k is eigenvector k, i.e. Q^T. */
  readonly vectors: Float32Array;
}

/** The eigenvalue-corrected curvature of one module: (Q_S x Q_A) diag(Lambda) (Q_S x Q_A)^T. */
export interface ModuleFactors {
  readonly input: Eigenbasis;
  readonly output: Eigenbasis;
}

/** Curvature of all tracked modules, block by block. */
export interface Factors {
  readonly kind: FactorKind;
  /** `sampled`: the true Fisher information. `empirical`: of the data's own labels. */
  readonly labels: FactorLabels;
  readonly columns: Columns;
  /** In the order of the columns. */
  readonly modules: readonly ModuleFactors[];
  /** [width]: Lambda_ij = E_row[(Q_S^T D_x Q_A)_ij^2] of every module, in the layout of the columns. */
  readonly lambda: Float32Array;
}

export const factorLabels = ['sampled', 'empirical'] as const;
export type FactorLabels = (typeof factorLabels)[number];

/**
 * [modules]: d = factor * mean(Lambda) of each module.
 *
 * @param factor 0.1 is the usual heuristic
 */
export function moduleDampings({ columns, lambda }: Factors, factor: number): number[] {
  return columns.list.map(({ offset, size }) => {
    let sum = 0;
    for (let i = offset; i < offset + size; i++) sum += lambda[i]!;
    return (factor * sum) / size;
  });
}

/**
 * [width]: 1 / (Lambda + d) of every module.
 *
 * @param dampings [modules] d
 */
export function dampedInverse({ columns, lambda }: Factors, dampings: readonly number[]): Float32Array {
  const inverse = new Float32Array(columns.width);
  for (const [c, { offset, size }] of columns.list.entries()) {
    const damping = dampings[c]!;
    // A module whose gradient is zero for every row (LoRA's A while B is zero) has nothing to invert, and no say.
    for (let i = offset; i < offset + size; i++) inverse[i] = damping === 0 ? 0 : 1 / (lambda[i]! + damping);
  }
  return inverse;
}
