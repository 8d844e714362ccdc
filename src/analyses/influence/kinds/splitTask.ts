/** Rows that each answer of a labelling task has at least, on average. */
const leastRowsPerAnswer = 10;

/** Fewer rows with a cause above 0 are not split. */
const leastPromoters = 8;

/**
 * Parts the group that a query is most like, where it is a labelling task: a few answers given again and again. States
 * gather the rows of such a task whatever their label teaches; cause parts those that taught this answer from the rest,
 * by their logarithm, where the variance within both parts is least (Otsu 1979). Other groups stay: rows that comply with
 * requests of several families are of one kind although some of them hold back others.
 *
 * @param cause [rows] for one query
 * @param kind [rows] likeness to the same query
 * @param groups [rows] number of each row's group
 * @param answers [rows] completions
 * @returns [rows] the same numbers; rows that taught the answer have the next free one
 */
export function splitTask(
  cause: Float32Array,
  kind: Float32Array,
  groups: Int32Array,
  answers: readonly string[],
): Int32Array {
  const nearest = nearestGroup(kind, groups);
  const members = [...groups.keys()].filter((row) => groups[row] === nearest);
  if (!isLabelling(members.map((row) => answers[row]!))) return groups;
  const promoters = members.filter((row) => cause[row]! > 0);
  if (promoters.length < leastPromoters || promoters.length === members.length) return groups;
  const threshold = leastVarianceThreshold(promoters.map((row) => Math.log(cause[row]!)));
  const next = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  const split = groups.slice();
  for (const row of promoters) if (Math.log(cause[row]!) > threshold) split[row] = next;
  return split;
}

/** The last line of a row as a person reads it. */
export function answerOf(plain: string): string {
  return plain.slice(plain.lastIndexOf('\n') + 1);
}

function isLabelling(answers: readonly string[]): boolean {
  const distinct = new Set(answers).size;
  return distinct > 1 && answers.length >= leastRowsPerAnswer * distinct;
}

/** The group whose rows are most like the query on average. */
function nearestGroup(kind: Float32Array, groups: Int32Array): number {
  const sums = new Map<number, { sum: number; rows: number }>();
  for (const [row, group] of groups.entries()) {
    const { sum, rows } = sums.get(group) ?? { sum: 0, rows: 0 };
    sums.set(group, { sum: sum + kind[row]!, rows: rows + 1 });
  }
  const mean = (group: number): number => sums.get(group)!.sum / sums.get(group)!.rows;
  return [...sums.keys()].reduce((best, group) => (mean(group) > mean(best) ? group : best));
}

/** Between which two neighbours to cut so that the squared distances from both parts' means are least. */
function leastVarianceThreshold(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  let below = 0;
  let best = { between: Number.NEGATIVE_INFINITY, threshold: Number.NEGATIVE_INFINITY };
  for (let count = 1; count < sorted.length; count++) {
    below += sorted[count - 1]!;
    const above = total - below;
    // Up to what does not depend on the cut, the variance between the parts.
    const between = below ** 2 / count + above ** 2 / (sorted.length - count);
    if (between > best.between) best = { between, threshold: (sorted[count - 1]! + sorted[count]!) / 2 };
  }
  return best.threshold;
}
