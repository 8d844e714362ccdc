import { internalError } from '../../protocol/errors';
import { createRandom } from '../random';
import { type BootstrapSettings, checkBootstrap, type Interval, percentileInterval } from './interval';
import { mean } from './mean';
import { ascendingOrder, tieGroupEnds } from './order';

/** Numbers by query and drop: `matrix[query][drop]`. */
export type QueryDropMatrix = readonly ArrayLike<number>[];

export interface ClusteredBootstrap {
  /** The linear datamodelling score of each method, in the order given. */
  readonly scores: readonly Interval[];
  /** Spearman's correlation by method and query, over all drops. */
  readonly perQuery: readonly Float64Array[];
  /** The score of one method minus that of another, on the same resamples; methods by their place. */
  difference(first: number, second: number): Interval;
}

/**
 * Linear datamodelling scores (LDS: the mean over queries of Spearman's correlation over drops between what happened
 * and what a method predicted), with percentile intervals over resampled drops AND resampled queries: both are samples,
 * and drops are shared by all queries. All methods see the same resamples.
 *
 * A method that predicts the same for every drop says nothing: it scores 0 for that query.
 *
 * Resampled drops are counted rather than copied: ranks in a resample follow from the order of all drops and the
 * counts, so nothing is sorted again.
 *
 * @param actual [queries][drops]
 * @param predicted one [queries][drops] a method
 */
export function clusteredBootstrap(
  actual: QueryDropMatrix,
  predicted: readonly QueryDropMatrix[],
  settings: BootstrapSettings,
): ClusteredBootstrap {
  checkBootstrap(settings);
  const queries = actual.length;
  const drops = actual[0]?.length ?? 0;
  if (queries < 1 || drops < 2)
    throw internalError(`a linear datamodelling score of ${queries} queries, ${drops} drops`);
  for (const matrix of [actual, ...predicted])
    if (matrix.length !== queries || matrix.some((row) => row.length !== drops))
      throw internalError(`matrices of [${queries}, ${drops}] were expected`);

  const actualOrders = actual.map(orderOf);
  const predictedOrders = predicted.map((matrix) => matrix.map(orderOf));
  const counts = new Uint32Array(drops).fill(1);
  const actualRanks = new Float64Array(drops);
  const predictedRanks = new Float64Array(drops);

  const perQuery = predicted.map(() => new Float64Array(queries));
  for (let q = 0; q < queries; q++) {
    countedRanks(actualOrders[q]!, counts, actualRanks);
    for (let m = 0; m < predicted.length; m++) {
      countedRanks(predictedOrders[m]![q]!, counts, predictedRanks);
      perQuery[m]![q] = countedCorrelation(actualRanks, predictedRanks, counts, drops);
    }
  }

  const random = createRandom(settings.seed, 'clustered bootstrap');
  const queryCounts = new Uint32Array(queries);
  const samples = predicted.map(() => new Float64Array(settings.resamples));
  for (let r = 0; r < settings.resamples; r++) {
    drawCounts(counts, () => random.integer(drops));
    drawCounts(queryCounts, () => random.integer(queries));
    for (let q = 0; q < queries; q++) {
      const weight = queryCounts[q]! / queries;
      if (weight === 0) continue;
      countedRanks(actualOrders[q]!, counts, actualRanks);
      for (let m = 0; m < predicted.length; m++) {
        countedRanks(predictedOrders[m]![q]!, counts, predictedRanks);
        samples[m]![r] = samples[m]![r]! + weight * countedCorrelation(actualRanks, predictedRanks, counts, drops);
      }
    }
  }

  const estimates = perQuery.map(mean);
  return {
    scores: samples.map((values, m) => percentileInterval(estimates[m]!, values, settings.level)),
    perQuery,
    difference: (first, second) => {
      const [a, b] = [samples[first], samples[second]];
      if (a === undefined || b === undefined) throw internalError(`no method ${first} or ${second}`);
      return percentileInterval(
        estimates[first]! - estimates[second]!,
        a.map((value, r) => value - b[r]!),
        settings.level,
      );
    },
  };
}

interface Order {
  readonly order: Uint32Array;
  readonly groupEnds: Uint32Array;
}

function orderOf(values: ArrayLike<number>): Order {
  const order = ascendingOrder(values);
  return { order, groupEnds: tieGroupEnds(values, order) };
}

/** As many draws as there are places, counted by place. */
function drawCounts(counts: Uint32Array, draw: () => number): void {
  counts.fill(0);
  for (let i = 0; i < counts.length; i++) {
    const place = draw();
    counts[place] = counts[place]! + 1;
  }
}

/** Mean ranks of the places in a sample that holds each place `counts` times. */
function countedRanks({ order, groupEnds }: Order, counts: Uint32Array, into: Float64Array): void {
  let before = 0;
  let begin = 0;
  for (let g = 0; g < groupEnds.length; g++) {
    const end = groupEnds[g]!;
    let inGroup = 0;
    for (let i = begin; i < end; i++) inGroup += counts[order[i]!]!;
    const rank = before + (inGroup + 1) / 2;
    for (let i = begin; i < end; i++) into[order[i]!] = rank;
    before += inGroup;
    begin = end;
  }
}

/** Pearson's correlation of two lists of mean ranks, each place taken `counts` times; 0 where one is constant. */
function countedCorrelation(a: Float64Array, b: Float64Array, counts: Uint32Array, total: number): number {
  // The mean of ranks 1 to n, ties or not.
  const centre = (total + 1) / 2;
  let products = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < a.length; i++) {
    const count = counts[i]!;
    const x = a[i]! - centre;
    const y = b[i]! - centre;
    products += count * x * y;
    squaresA += count * x * x;
    squaresB += count * y * y;
  }
  return squaresA === 0 || squaresB === 0 ? 0 : products / Math.sqrt(squaresA * squaresB);
}
