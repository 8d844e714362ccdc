import { dampedInverse, moduleDampings } from '../factors/factors';
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
  const { list, width } = gradients.columns;
  const inverse = dampedInverse(factors, moduleDampings(factors, damping));
  const directions = new Float32Array(count * width);
  // Module by module: beside queries and directions only one module's vectors are held.
  for (const [module, { offset, size }] of list.entries()) {
    const part = new Float32Array(count * size);
    for (let i = 0; i < count; i++) part.set(queries.subarray(i * width + offset, i * width + offset + size), i * size);
    const rotated = await rotator.rotateModule('to', module, part);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < size; j++) rotated[i * size + j]! *= inverse[offset + j]!;
    }
    const back = await rotator.rotateModule('from', module, rotated);
    for (let i = 0; i < count; i++) directions.set(back.subarray(i * size, (i + 1) * size), i * width + offset);
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
  const inverse = dampedInverse(factors, moduleDampings(factors, damping));
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
