import type { RowProblem } from '../../data/types';
import { encodeTrained, type LoadedRow, type LoadedRows, type RowContext } from '../rows/loadRows';
import { withDemonstrations } from './demonstrations';

/** Rows with demonstrations before them, encoded again; a row that no longer has a trained token is a problem. */
export function demonstrateRows(
  rows: readonly LoadedRow[],
  count: number,
  seed: number,
  context: RowContext,
): Pick<LoadedRows, 'rows' | 'problems'> {
  if (count === 0) return { rows, problems: [] };
  const examples = withDemonstrations(
    rows.map(({ example }) => example),
    count,
    seed,
  );
  const demonstrated: LoadedRow[] = [];
  const problems: RowProblem[] = [];
  for (const [index, row] of rows.entries()) {
    const example = examples[index]!;
    const encoded = encodeTrained(example, row.address, context);
    if ('ids' in encoded) demonstrated.push({ ...row, example, encoded });
    else problems.push(encoded);
  }
  return { rows: demonstrated, problems };
}
