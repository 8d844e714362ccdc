import { quantile } from '../../../linalg/statistics/quantile';

/** Share of control queries whose strongest row may lie above the threshold. */
export const falseFindingRate = 0.05;

/** Fewer controls than this say nothing of a 95th percentile. */
export const fewestControls = 8;

/**
 * The score that the strongest row of 5 % of control queries exceeds, so that a behaviour which the data does not explain
 * has any row above it with that probability.
 *
 * @param scores [controls, rows]
 * @returns undefined where there are too few controls
 */
export function nullThreshold(scores: Float32Array, controls: number): number | undefined {
  if (controls < fewestControls) return undefined;
  const rows = scores.length / controls;
  const strongest = Float64Array.from({ length: controls }, (_, q) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let i = q * rows; i < (q + 1) * rows; i++) most = Math.max(most, scores[i]!);
    return most;
  });
  return quantile(strongest, 1 - falseFindingRate);
}
