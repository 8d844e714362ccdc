/** Sum of the squares, in float64. Four running sums hide the latency of the additions; their order is fixed. */
export function sumOfSquares(values: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    const [a, b, c, d] = [values[i]!, values[i + 1]!, values[i + 2]!, values[i + 3]!];
    s0 += a * a;
    s1 += b * b;
    s2 += c * c;
    s3 += d * d;
  }
  for (let i = whole; i < values.length; i++) s0 += values[i]! * values[i]!;
  return s0 + s1 + (s2 + s3);
}

/** Norm over all trained parameters together. */
export function gradientNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients) sum += sumOfSquares(gradient);
  return Math.sqrt(sum);
}

/**
 * Factor on every gradient, as torch.nn.utils.clip_grad_norm_: min(1, clip / (norm + 1e-6)).
 *
 * @param gradClip largest norm; 0: no clipping
 */
export function clipFactor(norm: number, gradClip: number): number {
  return gradClip === 0 ? 1 : Math.min(1, gradClip / (norm + 1e-6));
}
