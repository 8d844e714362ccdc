import { createRandom } from '../../../linalg/random';
import { type PassInputs, type PassProgram, uniformsName } from '../../passes/rowPasses';
import type { WeightedTokens } from '../gradients/rowGradients';
import type { FactorLabels } from './factors';

/** A row whose gradient counts in the curvature. */
export interface FactorRow extends WeightedTokens {
  readonly encodingHash: string;
}

/** Which labels the curvature is of, and what they are drawn with. */
export interface LabelSettings {
  readonly labels: FactorLabels;
  readonly seed: number;
}

/**
 * Losses of `sampled` labels predict tokens from the model's own distribution, which makes an expectation over gradients
 * the Fisher information instead of an empirical second moment.
 */
export const targetsOf: { readonly [L in FactorLabels]: NonNullable<PassProgram['targets']> } = {
  sampled: 'drawn',
  empirical: 'labels',
};

/** The largest float32 below 1. */
const largestUniform = 1 - 2 ** -24;

/**
 * Inputs of passes over rows with such labels. A draw depends on the seed, the row and the position alone, so that every
 * pass over the rows draws the same labels.
 */
export function labelledInputs(rows: readonly FactorRow[], { labels, seed }: LabelSettings): PassInputs {
  const factors = (row: number): number => rows[row]!.weight;
  if (labels === 'empirical') return { factors, extra: () => ({}) };
  return {
    factors,
    extra: (pass, shape, { rowOfPlace }) => {
      const randoms = pass.map((row) => createRandom(seed, `labels ${rows[row]!.encodingHash}`));
      const uniforms = new Float32Array(shape.trained);
      for (const [place, i] of rowOfPlace.entries()) uniforms[place] = Math.min(largestUniform, randoms[i]!.uniform());
      return { [uniformsName]: uniforms };
    },
  };
}
