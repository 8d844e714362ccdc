/** What is solved: every operator takes and gives [count, width]. */
export interface LinearSystem {
  readonly count: number;
  readonly width: number;
  /** M x for a symmetric positive definite M. */
  readonly multiply: (vectors: Float64Array) => Promise<Float64Array>;
  /** About M^-1 r, itself symmetric and positive definite. */
  readonly precondition: (vectors: Float64Array) => Promise<Float64Array>;
}

export interface Solution {
  /** [count, width] */
  readonly vectors: Float64Array;
  /** Of each system: |b - M x| / |b| as the iteration knows it. */
  readonly residuals: readonly number[];
  /** Products besides the one of the start. */
  readonly iterations: number;
}

/**
 * Preconditioned conjugate gradients (Hestenes and Stiefel 1952) for many right-hand sides at a time, each with its own
 * coefficients, so that what products share is shared. The start is the preconditioner's own answer; one that has
 * converged stays as it is.
 *
 * @param sides [count, width]
 * @param iterations products besides the one that the start costs, at most
 * @param tolerance relative residual of every system at which it ends before
 */
export async function conjugateGradients(
  system: LinearSystem,
  sides: ArrayLike<number>,
  iterations: number,
  tolerance: number,
): Promise<Solution> {
  const { count, width } = system;
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>, i: number): number => {
    let sum = 0;
    for (let j = i * width; j < (i + 1) * width; j++) sum += a[j]! * b[j]!;
    return sum;
  };
  const norms = Array.from({ length: count }, (_, i) => Math.sqrt(dot(sides, sides, i)));
  const x = await system.precondition(Float64Array.from(sides));
  const r = await system.multiply(x);
  for (let j = 0; j < r.length; j++) r[j] = sides[j]! - r[j]!;
  let z = await system.precondition(r);
  const p = z.slice();
  const rz = norms.map((_, i) => dot(r, z, i));
  const residuals = (): number[] => norms.map((norm, i) => (norm === 0 ? 0 : Math.sqrt(dot(r, r, i)) / norm));
  let iteration = 0;
  for (; iteration < iterations && residuals().some((residual) => residual > tolerance); iteration++) {
    const product = await system.multiply(p);
    const steps = norms.map((_, i) => {
      const curvature = dot(p, product, i);
      return curvature > 0 ? rz[i]! / curvature : 0;
    });
    for (let i = 0; i < count; i++)
      for (let j = i * width; j < (i + 1) * width; j++) {
        x[j]! += steps[i]! * p[j]!;
        r[j]! -= steps[i]! * product[j]!;
      }
    z = await system.precondition(r);
    for (let i = 0; i < count; i++) {
      const next = dot(r, z, i);
      const kept = rz[i]! > 0 ? next / rz[i]! : 0;
      rz[i] = next;
      for (let j = i * width; j < (i + 1) * width; j++) p[j] = z[j]! + kept * p[j]!;
    }
  }
  return { vectors: x, residuals: residuals(), iterations: iteration };
}
