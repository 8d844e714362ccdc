/** Elements of one call: enough to hide it, few enough that the loop is compiled as a function, not on the fly. */
const blockLength = 1 << 16;

/** Four running sums hide the latency of the additions; their order is fixed, so equal input gives equal bits. */
function blockSumOfSquares(values: Float32Array, begin: number, end: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = begin;
  for (; i + 3 < end; i += 4) {
    const a = values[i]!;
    const b = values[i + 1]!;
    const c = values[i + 2]!;
    const d = values[i + 3]!;
    s0 += a * a;
    s1 += b * b;
    s2 += c * c;
    s3 += d * d;
  }
  for (; i < end; i++) s0 += values[i]! * values[i]!;
  return s0 + s1 + (s2 + s3);
}

/** Sum of the squares, in float64. */
export function sumOfSquares(values: Float32Array): number {
  let sum = 0;
  for (let begin = 0; begin < values.length; begin += blockLength)
    sum += blockSumOfSquares(values, begin, Math.min(begin + blockLength, values.length));
  return sum;
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
