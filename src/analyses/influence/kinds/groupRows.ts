import { averageLinkage, cutMerges } from '../../../linalg/clustering/averageLinkage';
import { centredRows, cosineSimilarities, mostSimilarityRows } from '../../../linalg/clustering/cosineSimilarities';

/** Mean cosine of centred states above which rows are of one kind. */
const leastSimilarity = 0.4;

/**
 * Numbers rows by kind: average linkage on the cosines of their centred states. Beyond what fits into a matrix of
 * similarities only near-duplicates are joined.
 *
 * @param states [rows, hidden]
 * @param duplicates [rows] clusters of near-duplicates
 * @returns [rows] group of each row
 */
export function groupRows(states: Float32Array, hidden: number, duplicates: Int32Array): Int32Array {
  const rows = states.length / hidden;
  if (rows > mostSimilarityRows) return duplicates;
  const table = centredRows({ values: states, rows, columns: hidden });
  return cutMerges(averageLinkage(cosineSimilarities(table), rows), rows, leastSimilarity);
}
