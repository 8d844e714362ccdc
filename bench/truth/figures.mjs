// Statistics of what commands gave: AUROC, shares and means, with 95 % intervals. Pure.

/** Deterministic uniform draws (mulberry32), so that the same results give the same report. */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const resamples = 2000;

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function quantile(sorted, share) {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

function interval(estimate, draws) {
  const sorted = draws.filter(Number.isFinite).sort((a, b) => a - b);
  return { estimate, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Mean with an interval bootstrapped over the values. */
export function meanFigure(values) {
  const random = createRandom(1);
  const draw = () => mean(values.map(() => values[Math.floor(random() * values.length)]));
  return interval(mean(values), Array.from({ length: resamples }, draw));
}

/** A share with its Wilson interval. */
export function shareFigure(hits, of) {
  const z = 1.96;
  const share = hits / of;
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { estimate: share, low: Math.max(0, middle - half), high: Math.min(1, middle + half), hits, of };
}

/** Chance that a wanted value is above another one; ties count half. */
export function auroc(wanted, others) {
  let wins = 0;
  for (const value of wanted) for (const other of others) wins += value > other ? 1 : value === other ? 0.5 : 0;
  return wins / (wanted.length * others.length);
}

/**
 * Mean AUROC over queries, its interval bootstrapped over queries and rows together.
 *
 * @param queries [query]: { wanted: scores, others: scores }, the same rows in each
 */
export function aurocFigure(queries) {
  const random = createRandom(2);
  const drawn = (count) => Array.from({ length: count }, () => Math.floor(random() * count));
  const draws = Array.from({ length: 400 }, () => {
    const own = drawn(queries[0].wanted.length);
    const rest = drawn(queries[0].others.length);
    const some = drawn(queries.length);
    return mean(
      some.map((q) =>
        auroc(
          own.map((i) => queries[q].wanted[i]),
          rest.map((i) => queries[q].others[i]),
        ),
      ),
    );
  });
  return interval(mean(queries.map(({ wanted, others }) => auroc(wanted, others))), draws);
}
