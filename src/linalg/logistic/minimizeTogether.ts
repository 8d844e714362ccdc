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
  /** Length of the step that is being tried, along the direction. */
  length: number;
  halvings: number;
  /** Steps remembered, and where the next one is put: the places form a ring. */
  remembered: number;
  next: number;
}

/** Memory of all functions, in one piece each: thousands of small arrays would keep the garbage collector busy. */
interface Room {
  readonly size: number;
  /** [functions, size] */
  readonly directions: Float64Array;
  /** [functions, memory, size] */
  readonly changes: Float64Array;
  readonly slopeChanges: Float64Array;
  /** [functions, memory] 1 / (change . slope change) */
  readonly inverses: Float64Array;
  /** [memory] */
  readonly shares: Float64Array;
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
  const room: Room = {
    size,
    directions: new Float64Array(start.length),
    changes: new Float64Array(start.length * memory),
    slopeChanges: new Float64Array(start.length * memory),
    inverses: new Float64Array(functions * memory),
    shares: new Float64Array(memory),
  };
  let active = Array.from({ length: functions }, (_, f) => f);
  let steps = 1;
  const first = evaluate(active, points, slopes);
  const searches = active.map((f): Search => ({ value: first[f]!, length: 1, halvings: 0, remembered: 0, next: 0 }));
  const isDone = (f: number): boolean =>
    dot(slopes, f * size, slopes, f * size, size) / 2 <= tolerance * Math.max(searches[f]!.value, Number.MIN_VALUE);
  active = active.filter((f) => {
    if (isDone(f)) converged[f] = 1;
    else chooseDirection(f, searches[f]!, slopes, room);
    return converged[f] === 0;
  });
  while (active.length > 0 && steps < mostSteps) {
    for (const f of active) {
      const { length } = searches[f]!;
      for (let i = f * size; i < (f + 1) * size; i++) trial[i] = points[i]! + length * room.directions[i]!;
    }
    const values = evaluate(active, trial, trialSlopes);
    steps++;
    const still: number[] = [];
    for (const [a, f] of active.entries()) {
      const search = searches[f]!;
      const foreseen = dot(room.directions, f * size, slopes, f * size, size);
      if (!(values[a]! <= search.value + leastGain * search.length * foreseen)) {
        search.length /= 2;
        search.halvings++;
        // No step gains anything any more: the value is as low as float64 tells.
        if (search.halvings > mostHalvings || -foreseen <= 1e-15 * Math.abs(search.value)) converged[f] = 1;
        else still.push(f);
        continue;
      }
      remember(f, search, { points, trial, slopes, trialSlopes }, room);
      search.value = values[a]!;
      for (let i = f * size; i < (f + 1) * size; i++) {
        points[i] = trial[i]!;
        slopes[i] = trialSlopes[i]!;
      }
      if (isDone(f)) converged[f] = 1;
      else {
        chooseDirection(f, search, slopes, room);
        still.push(f);
      }
    }
    active = still;
  }
  return { points, converged, steps };
}

interface Moved {
  readonly points: Float64Array;
  readonly trial: Float64Array;
  readonly slopes: Float64Array;
  readonly trialSlopes: Float64Array;
}

function remember(f: number, search: Search, { points, trial, slopes, trialSlopes }: Moved, room: Room): void {
  const { size, changes, slopeChanges, inverses } = room;
  const to = (f * memory + search.next) * size;
  for (let i = 0; i < size; i++) {
    const at = f * size + i;
    changes[to + i] = trial[at]! - points[at]!;
    slopeChanges[to + i] = trialSlopes[at]! - slopes[at]!;
  }
  const curved = dot(changes, to, slopeChanges, to, size);
  // Rounding alone can make it seem curved the wrong way.
  if (!(curved > 1e-14 * dot(slopeChanges, to, slopeChanges, to, size))) return;
  inverses[f * memory + search.next] = 1 / curved;
  search.next = (search.next + 1) % memory;
  search.remembered = Math.min(memory, search.remembered + 1);
}

/** The two loops of L-BFGS. */
function chooseDirection(f: number, search: Search, slopes: Float64Array, room: Room): void {
  const { size, directions, changes, slopeChanges, inverses, shares } = room;
  const own = f * size;
  search.length = 1;
  search.halvings = 0;
  for (let i = own; i < own + size; i++) directions[i] = -slopes[i]!;
  /** The step taken so many steps ago, 1 the last. */
  const placeOf = (ago: number): number => f * memory + ((search.next - ago + memory) % memory);
  for (let ago = 1; ago <= search.remembered; ago++) {
    const place = placeOf(ago);
    const share = dot(changes, place * size, directions, own, size) * inverses[place]!;
    shares[ago - 1] = share;
    addTimes(directions, own, slopeChanges, place * size, -share, size);
  }
  if (search.remembered > 0) {
    const last = placeOf(1);
    const scale = 1 / (inverses[last]! * dot(slopeChanges, last * size, slopeChanges, last * size, size));
    for (let i = own; i < own + size; i++) directions[i]! *= scale;
  }
  for (let ago = search.remembered; ago >= 1; ago--) {
    const place = placeOf(ago);
    const share = dot(slopeChanges, place * size, directions, own, size) * inverses[place]!;
    addTimes(directions, own, changes, place * size, shares[ago - 1]! - share, size);
  }
}

function addTimes(
  to: Float64Array,
  toStart: number,
  values: Float64Array,
  start: number,
  factor: number,
  size: number,
): void {
  for (let i = 0; i < size; i++) to[toStart + i]! += factor * values[start + i]!;
}

function dot(a: Float64Array, aStart: number, b: Float64Array, bStart: number, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += a[aStart + i]! * b[bStart + i]!;
  return sum;
}
