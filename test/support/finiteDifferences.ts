/** Derivatives without calculus: what gradient graphs are compared with. */
import assert from 'node:assert/strict';
import { type Tensor64, tensor64 } from './interpretFloat64';

/**
 * Central differences at steps h, h/2, ... h/16, extrapolated to h = 0 (Romberg): error O(h^10), here below 1e-9
 * relative for functions that vary on the scale of a few h.
 */
export function derivative(f: (x: number) => number, h: number): number {
  let row = [1, 2, 4, 8, 16].map((parts) => (f(h / parts) - f(-h / parts)) / ((2 * h) / parts));
  for (let factor = 4; row.length > 1; factor *= 4) {
    row = row.slice(1).map((finer, i) => (factor * finer - row[i]!) / (factor - 1));
  }
  return row[0]!;
}

/** Gradient of a scalar function with respect to one tensor, element by element. */
export function numericGradient(f: (x: Tensor64) => number, x: Tensor64, h: number): Tensor64 {
  const gradient = x.data.map((_, i) =>
    derivative((step) => {
      const moved = Float64Array.from(x.data);
      moved[i]! += step;
      return f({ shape: x.shape, data: moved });
    }, h),
  );
  return tensor64(x.shape, gradient);
}

/** Largest difference relative to the largest element of `expected` (at least `floor`: noise around an exact zero). */
export function relativeError(actual: Tensor64, expected: Tensor64, floor: number): number {
  assert.deepEqual(actual.shape, expected.shape);
  const scale = expected.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), floor);
  return actual.data.reduce((largest, value, i) => {
    const error = Math.abs(value - expected.data[i]!) / scale;
    return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(largest, error);
  }, 0);
}

export function dot(a: Tensor64, b: Tensor64): number {
  assert.deepEqual(a.shape, b.shape);
  return a.data.reduce((total, value, i) => total + value * b.data[i]!, 0);
}

export function total(a: Tensor64): number {
  return a.data.reduce((sum, value) => sum + value, 0);
}
