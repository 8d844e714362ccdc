/** Several smooth convex functions of one size, minimised in step so that their evaluations share products. */
export interface Minima {
  /** [functions, size] */
  readonly points: Float64Array;
  /** [functions] */
  readonly converged: Uint8Array;
  /** Evaluations in all. */
  readonly steps: number;
}

/**
 * Values of some functions at their own points; slopes are written into their places.
 *
 * @param active which functions
 * @param points [functions, size]
 * @param slopes [functions, size]
 * @returns values by place in `active`
 */
export type EvaluateTogether = (active: readonly number[], points: Float64Array, slopes: Float64Array) => Float64Array;

/** Steps back that L-BFGS remembers. */
const memory = 12;
/** Share of the foreseen gain that a step must make (Armijo). */
const leastGain = 1e-4;
const mostHalvings = 40;

/** One function's state. */
interface Search {
  value: number;
  /** Length of the step that is being tried, along `direction`. */
  length: number;
  halvings: number;
  readonly direction: Float64Array;
  readonly changes: Float64Array[];
  readonly slopeChanges: Float64Array[];
}

/**
 * L-BFGS (Liu and Nocedal 1989) with backtracking. Coordinates are expected to be scaled so that curvature is at most
 * about 1: then half the squared slope is about what is left to gain, and a function is done when this is less than
 * `tolerance` of its value, or when no step gains anything in float64.
 *
 * @param start [functions, size]; overwritten
 */
export function minimizeTogether(
  start: Float64Array,
  functions: number,
  evaluate: EvaluateTogether,
  { tolerance, mostSteps }: { readonly tolerance: number; readonly mostSteps: number },
): Minima {
  const size = functions === 0 ? 0 : start.length / functions;
  const points = start;
  const slopes = new Float64Array(start.length);
  const trial = Float64Array.from(start);
  const trialSlopes = new Float64Array(start.length);
  const converged = new Uint8Array(functions);
  const of = (values: Float64Array, f: number): Float64Array => values.subarray(f * size, (f + 1) * size);
  let active = Array.from({ length: functions }, (_, f) => f);
  let steps = 1;
  const first = evaluate(active, points, slopes);
  const searches = active.map(
    (f): Search => ({
      value: first[f]!,
      length: 1,
      halvings: 0,
      direction: new Float64Array(size),
      changes: [],
      slopeChanges: [],
    }),
  );
  const isDone = (f: number): boolean => {
    const slope = of(slopes, f);
    return dot(slope, slope) / 2 <= tolerance * Math.max(searches[f]!.value, Number.MIN_VALUE);
  };
  active = active.filter((f) => {
    if (isDone(f)) converged[f] = 1;
    else chooseDirection(searches[f]!, of(slopes, f));
    return converged[f] === 0;
  });
  while (active.length > 0 && steps < mostSteps) {
    for (const f of active) {
      const { direction, length } = searches[f]!;
      const [to, from] = [of(trial, f), of(points, f)];
      for (let i = 0; i < size; i++) to[i] = from[i]! + length * direction[i]!;
    }
    const values = evaluate(active, trial, trialSlopes);
    steps++;
    const still: number[] = [];
    for (const [a, f] of active.entries()) {
      const search = searches[f]!;
      const foreseen = dot(search.direction, of(slopes, f));
      if (!(values[a]! <= search.value + leastGain * search.length * foreseen)) {
        search.length /= 2;
        search.halvings++;
        // No step gains anything any more: the value is as low as float64 tells.
        if (search.halvings > mostHalvings || -foreseen <= 1e-15 * Math.abs(search.value)) converged[f] = 1;
        else still.push(f);
        continue;
      }
      remember(search, of(points, f), of(trial, f), of(slopes, f), of(trialSlopes, f));
      search.value = values[a]!;
      of(points, f).set(of(trial, f));
      of(slopes, f).set(of(trialSlopes, f));
      if (isDone(f)) converged[f] = 1;
      else {
        chooseDirection(search, of(slopes, f));
        still.push(f);
      }
    }
    active = still;
  }
  return { points, converged, steps };
}

function remember(
  { changes, slopeChanges }: Search,
  point: Float64Array,
  next: Float64Array,
  slope: Float64Array,
  nextSlope: Float64Array,
): void {
  const change = next.map((value, i) => value - point[i]!);
  const slopeChange = nextSlope.map((value, i) => value - slope[i]!);
  // Rounding alone can make it seem curved the wrong way.
  if (!(dot(change, slopeChange) > 1e-14 * dot(slopeChange, slopeChange))) return;
  changes.push(change);
  slopeChanges.push(slopeChange);
  if (changes.length > memory) {
    changes.shift();
    slopeChanges.shift();
  }
}

/** The two loops of L-BFGS. */
function chooseDirection(search: Search, slope: Float64Array): void {
  const { direction, changes, slopeChanges } = search;
  search.length = 1;
  search.halvings = 0;
  for (let i = 0; i < slope.length; i++) direction[i] = -slope[i]!;
  const shares: number[] = [];
  for (let m = changes.length - 1; m >= 0; m--) {
    const share = dot(changes[m]!, direction) / dot(changes[m]!, slopeChanges[m]!);
    shares[m] = share;
    addTimes(direction, slopeChanges[m]!, -share);
  }
  const last = changes.length - 1;
  if (last >= 0) {
    const scale = dot(changes[last]!, slopeChanges[last]!) / dot(slopeChanges[last]!, slopeChanges[last]!);
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (let m = 0; m <= last; m++) {
    const share = dot(slopeChanges[m]!, direction) / dot(changes[m]!, slopeChanges[m]!);
    addTimes(direction, changes[m]!, shares[m]! - share);
  }
}

function addTimes(to: Float64Array, values: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * values[i]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
