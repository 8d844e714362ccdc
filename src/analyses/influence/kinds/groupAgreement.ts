/**
 * How far cause and kind agree on groups of rows for one query: for each group the sum over its rows of what their ranks
 * say, less what ranks say of rows at random, over the square root of its size. Ranks count by their exponential scores
 * (Savage 1956: -log of the share of rows that rank as high or higher), so that only rows near the top count and neither
 * figure's scale matters. A large group is not strong by its size alone, as it is by a summed cause.
 *
 * @param cause [rows]
 * @param kind [rows]
 * @param groups [rows] number of each row's group
 * @returns by group
 */
export function groupAgreement(cause: Float32Array, kind: Float32Array, groups: Int32Array): Float64Array {
  const count = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  const sums = new Float64Array(count);
  const sizes = new Uint32Array(count);
  const figures = [exponentialScores(cause), exponentialScores(kind)];
  for (const [row, group] of groups.entries()) {
    sizes[group]! += 1;
    for (const figure of figures) sums[group]! += figure[row]!;
  }
  return sums.map((sum, group) => sum / Math.sqrt(sizes[group]!));
}

/** -log(rank / rows), less its mean. */
function exponentialScores(values: Float32Array): Float64Array {
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b);
  const scores = new Float64Array(values.length);
  for (const [i, row] of order.entries()) scores[row] = -Math.log((i + 1) / order.length);
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return scores.map((score) => score - mean);
}
