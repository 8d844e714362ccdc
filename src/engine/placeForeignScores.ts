import type { Attribution } from '../analyses/influence/attribution';
import type { EncodedQuery } from '../analyses/measuring/encodeQuery';
import { inputError } from '../protocol/errors';
import type { ForeignScores } from '../protocol/verification';

/**
 * Another tool's scores as Whence's own are laid out: [queries, rows].
 *
 * @throws UserError `scores-do-not-fit` where a query is missing, or rows are of another file or have no score
 */
export function placeForeignScores(
  { name, queries: known, scores }: ForeignScores,
  queries: readonly EncodedQuery[],
  rows: Attribution['rows'],
): Float32Array {
  const first = rows[0]!.address.file;
  const other = rows.find(({ address }) => address.file !== first);
  if (other !== undefined)
    throw unfit(name, `they are of one data file, but rows of ${other.address.file} are looked at too`);
  const placed = new Float32Array(queries.length * rows.length);
  for (const [q, { id }] of queries.entries()) {
    const own = scores[known.indexOf(id)];
    if (own === undefined) throw unfit(name, `the query "${id}" is not among them`);
    for (const [place, { address }] of rows.entries()) {
      const score = own[address.row];
      if (score === undefined) throw unfit(name, `row ${address.row} has no score for the query "${id}"`);
      placed[q * rows.length + place] = score ?? 0;
    }
  }
  return placed;
}

function unfit(name: string, why: string) {
  return inputError(
    'scores-do-not-fit',
    `The scores "${name}" do not fit: ${why}.`,
    'Give {"queries": [ids], "scores": [[a number for every row of the data file], …]}.',
  );
}
