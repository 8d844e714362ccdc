import { internalError } from '../../protocol/errors';
import { type InputNorms, meanSquares } from './calibrate';
import type { ScoredMatrix } from './masks';
import type { PrunedMatrix } from './matrices';

/** What scores are computed from, beside the weights. */
export type SaliencyEvidence =
  /** |w_ij| sqrt(mean over rows of the sum over tokens of a_j^2): Antidote's Wanda score. */
  | { readonly score: 'wanda'; readonly norms: InputNorms }
  | { readonly score: 'magnitude' }
  /**
   * w dL/dw. To first order, setting w to zero changes L by -w dL/dw: the highest lower the loss of wanted answers most.
   * `sign` is -1 where the rows' answers are the unwanted ones.
   */
  | { readonly score: 'signedGrad'; readonly gradients: readonly Float64Array[]; readonly sign: 1 | -1 };

/** Saliencies of every entry, float32 as the reference computes them: the highest are pruned. */
export function scoreMatrices(matrices: readonly PrunedMatrix[], evidence: SaliencyEvidence): ScoredMatrix[] {
  return matrices.map((matrix, m) => {
    const { name, rows, columns } = matrix;
    return { name, rows, columns, scores: scoresOf(matrix, m, evidence) };
  });
}

function scoresOf(matrix: PrunedMatrix, index: number, evidence: SaliencyEvidence): Float32Array {
  const { values, columns } = matrix;
  switch (evidence.score) {
    case 'magnitude':
      return values.map(Math.abs);
    case 'wanda': {
      const norms = Float32Array.from(meanSquares(evidence.norms, matrix), Math.sqrt);
      return values.map((value, i) => Math.abs(value) * norms[i % columns]!);
    }
    case 'signedGrad': {
      const gradient = evidence.gradients[index];
      if (gradient?.length !== values.length) throw internalError(`${matrix.name} has no gradient`);
      return values.map((value, i) => evidence.sign * value * gradient[i]!);
    }
  }
}
