import { averageLinkage, cutMerges } from '../../../linalg/clustering/averageLinkage';
import { cosineSimilarities, mostSimilarityRows } from '../../../linalg/clustering/cosineSimilarities';
import type { KindSpace } from './kindSpace';

/** Mean cosine in the space of kinds above which rows are of one kind. */
const leastSimilarity = 0.6;

/**
 * Numbers rows by kind: average linkage on their cosines. Beyond what fits into a matrix of similarities only
 * near-duplicates are joined.
 *
 * @param duplicates [rows] clusters of near-duplicates
 * @returns [rows] group of each row
 */
export function groupRows({ rows: values, width }: KindSpace, duplicates: Int32Array): Int32Array {
  const rows = values.length / width;
  if (rows > mostSimilarityRows) return duplicates;
  const similarities = cosineSimilarities({ values, rows, columns: width });
  return cutMerges(averageLinkage(similarities, rows), rows, leastSimilarity);
}
