import type { Float64Values } from './computeAdjointStep';

/**
 * From the derivative with respect to the clipped gradients to that with respect to the gradients, in place: with
 * c = min(1, clip / (norm + 1e-6)), c itself depends on every gradient where it is below 1.
 *
 * @param norm of all gradients together
 * @param scale c
 */
export function clipAdjoint(
  gradients: ReadonlyMap<string, Float32Array>,
  adjoints: Float64Values,
  norm: number,
  scale: number,
): void {
  if (scale === 1) return;
  let along = 0;
  for (const [name, adjoint] of adjoints) along += dot(gradients.get(name)!, adjoint);
  // d c / d norm = -c / (norm + 1e-6), d norm / d gradient = gradient / norm.
  const factor = (-scale / (norm + 1e-6) / norm) * along;
  for (const [name, adjoint] of adjoints) combine(adjoint, scale, gradients.get(name)!, factor);
}

function dot(a: Float32Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function combine(adjoint: Float64Array, scale: number, gradient: Float32Array, factor: number): void {
  for (let i = 0; i < adjoint.length; i++) adjoint[i] = scale * adjoint[i]! + factor * gradient[i]!;
}
