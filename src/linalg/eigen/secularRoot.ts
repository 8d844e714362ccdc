/** Roots are found in a handful of iterations; halving alone would end before this many. */
const mostIterations = 200;

/**
 * Root `k` of 1 / rho + sum_j weights[j] / (poles[j] - x): between pole k and the next, the last one beyond the last
 * pole. By rational interpolation in the two poles around it (Li's middle way, as in LAPACK's dlaed4), held in a bracket.
 *
 * @param poles [count], strictly ascending
 * @param weights [count], positive
 * @param inverse 1 / rho, positive
 * @param differences [count], becomes poles[j] - root, each to full relative precision
 * @returns the root
 */
export function secularRoot(
  poles: Float64Array,
  weights: Float64Array,
  count: number,
  k: number,
  inverse: number,
  differences: Float64Array,
): number {
  const isLast = k === count - 1;
  const left = isLast ? k - 1 : k;
  const start = isLast ? beginLast(poles, weights, count, inverse) : beginBetween(poles, weights, count, k, inverse);
  const origin = poles[start.origin]!;
  let { low, high, tau } = start;
  let before = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    let psi = 0;
    let psiSlope = 0;
    for (let j = 0; j <= left; j++) {
      const difference = poles[j]! - origin - tau;
      differences[j] = difference;
      const term = weights[j]! / difference;
      psi += term;
      psiSlope += term / difference;
    }
    let phi = 0;
    let phiSlope = 0;
    for (let j = left + 1; j < count; j++) {
      const difference = poles[j]! - origin - tau;
      differences[j] = difference;
      const term = weights[j]! / difference;
      phi += term;
      phiSlope += term / difference;
    }
    const f = inverse + psi + phi;
    const slope = psiSlope + phiSlope;
    if (Math.abs(f) <= Number.EPSILON * (inverse + 4 * (Math.abs(psi) + Math.abs(phi)) + Math.abs(tau) * slope)) break;
    if (f < 0) low = tau;
    else high = tau;
    const slow = Math.abs(f) > before / 4;
    before = Math.abs(f);
    let next = slow && iteration % 3 === 2 ? Number.NaN : tau + step(differences, left, isLast, f, psiSlope, phiSlope);
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (next === tau || next <= low || next >= high) break;
    tau = next;
  }
  return origin + tau;
}

interface Beginning {
  /** The pole that the root is measured from: the nearer one. */
  readonly origin: number;
  readonly low: number;
  readonly high: number;
  readonly tau: number;
}

/** The correction that solves the interpolation through value and slopes: c x^2 - a x + b = 0. */
function step(
  differences: Float64Array,
  left: number,
  isLast: boolean,
  f: number,
  psiSlope: number,
  phiSlope: number,
): number {
  const p = left < 0 ? Number.NEGATIVE_INFINITY : differences[left]!;
  const q = differences[left + 1]!;
  const slope = psiSlope + phiSlope;
  const newton = -f / slope;
  if (left < 0) return newton;
  const a = (p + q) * f - p * q * slope;
  const b = p * q * f;
  const c = f - p * psiSlope - q * phiSlope;
  const root = Math.sqrt(Math.abs(a * a - 4 * b * c));
  let change: number;
  if (isLast) change = a >= 0 ? (a + root) / (2 * c) : (2 * b) / (a - root);
  else change = a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
  return f * change < 0 ? change : newton;
}

/** First guess between two poles: the function with all other poles frozen at the middle. */
function beginBetween(
  poles: Float64Array,
  weights: Float64Array,
  count: number,
  k: number,
  inverse: number,
): Beginning {
  const gap = poles[k + 1]! - poles[k]!;
  const half = gap / 2;
  let rest = inverse;
  for (let j = 0; j < count; j++) if (j !== k && j !== k + 1) rest += weights[j]! / (poles[j]! - poles[k]! - half);
  const [wk, wn] = [weights[k]!, weights[k + 1]!];
  const middle = rest + wk / -half + wn / half;
  if (middle >= 0) {
    const a = rest * gap + wk + wn;
    const tau = smallRoot(a, wk * gap, rest);
    return { origin: k, low: 0, high: half, tau: tau > 0 && tau <= half ? tau : half };
  }
  const a = -rest * gap + wk + wn;
  const b = -wn * gap;
  const tau = smallRoot(a, b, rest);
  return { origin: k + 1, low: -half, high: 0, tau: tau < 0 && tau >= -half ? tau : -half };
}

function smallRoot(a: number, b: number, c: number): number {
  const root = Math.sqrt(Math.abs(a * a - 4 * b * c));
  return a > 0 ? (2 * b) / (a + root) : (a - root) / (2 * c);
}

/** Beyond the last pole, at most by rho times the sum of all weights. */
function beginLast(poles: Float64Array, weights: Float64Array, count: number, inverse: number): Beginning {
  const k = count - 1;
  let total = 0;
  for (let j = 0; j < count; j++) total += weights[j]!;
  // A little more, for the rounding of the sum.
  const high = (total / inverse) * (1 + 4 * count * Number.EPSILON);
  if (count === 1) return { origin: 0, low: 0, high, tau: total / inverse };
  let rest = inverse;
  for (let j = 0; j < k - 1; j++) rest += weights[j]! / (poles[j]! - poles[k]! - high / 2);
  const gap = poles[k]! - poles[k - 1]!;
  const a = -rest * gap + weights[k - 1]! + weights[k]!;
  const b = -weights[k]! * gap;
  const root = Math.sqrt(Math.abs(a * a - 4 * b * rest));
  const tau = a >= 0 ? (a + root) / (2 * rest) : (2 * b) / (a - root);
  return { origin: k, low: 0, high, tau: tau > 0 && tau < high ? tau : high / 2 };
}
