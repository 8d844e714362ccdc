import { dampedInverse } from '../factors/factors';
import type { CurvatureInput, Estimate } from './estimate';

/**
 * score = g_k . H^-1 g_q with the eigenvalue-corrected factors H of each module:
 * H^-1 V = Q_S [(Q_S^T V Q_A) / (Lambda + d)] Q_A^T, d = damping * mean(Lambda) of the module.
 * `ekfac` and `linfac` differ in their factors alone.
 */
export async function kroneckerFactored(input: CurvatureInput): Promise<Estimate> {
  const directions = await precondition(input);
  return { scores: await input.gradients.scan(directions, input.count), directions };
}

/** [count, width]: H^-1 of each query's gradient. */
export async function precondition({
  gradients,
  queries,
  count,
  factors,
  rotator,
  damping,
}: CurvatureInput): Promise<Float32Array> {
  const { width } = gradients.columns;
  const inverse = dampedInverse(factors, damping);
  const directions = new Float32Array(count * width);
  for (let first = 0; first < count; first += rotator.block) {
    const n = Math.min(rotator.block, count - first);
    const rotated = await rotator.toEigenbasis(queries.subarray(first * width, (first + n) * width));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < width; j++) rotated[i * width + j]! *= inverse[j]!;
    }
    const back = await rotator.fromEigenbasis(rotated.subarray(0, n * width));
    directions.set(back.subarray(0, n * width), first * width);
  }
  return directions;
}

/** [rows]: g_k . H^-1 g_k, what a row does to itself, in the eigenbasis. */
export async function selfInfluence({
  gradients,
  factors,
  rotator,
  damping,
}: Pick<CurvatureInput, 'gradients' | 'factors' | 'rotator' | 'damping'>): Promise<Float32Array> {
  const { width } = gradients.columns;
  const inverse = dampedInverse(factors, damping);
  const selves = new Float32Array(gradients.rows);
  await gradients.forEachBlock(async (first, rows, values) => {
    for (let start = 0; start < rows; start += rotator.block) {
      const n = Math.min(rotator.block, rows - start);
      const rotated = await rotator.toEigenbasis(values.subarray(start * width, (start + n) * width));
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += rotated[i * width + j]! ** 2 * inverse[j]!;
        selves[first + start + i] = sum;
      }
    }
  });
  return selves;
}
