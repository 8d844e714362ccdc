import type { JsonObject } from '../../protocol/json';
import type { DataLimits } from '../limits';
import { type ParsedRow, rowOf, rowProblem } from '../parseRow';
import type { RowAddress } from '../types';
import { ValueBudget } from './toJson';

/** A row of a binary container: `unfold` turns its cells into JSON within a budget of values and depth. */
export function unfoldRow(
  address: RowAddress,
  limits: DataLimits,
  code: string,
  unfold: (budget: ValueBudget) => JsonObject,
): ParsedRow {
  try {
    const value = unfold(new ValueBudget(limits.maxValuesPerRow, limits.maxDepth));
    return { row: rowOf(value, address), problems: [] };
  } catch (error) {
    const reason = `${(error as Error).message}.`;
    return {
      row: undefined,
      problems: [rowProblem('error', address, code, reason, 'Delete this row, or split it.')],
    };
  }
}
