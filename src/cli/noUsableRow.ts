import { inputError, type UserError } from '../protocol/errors';
import type { DataProblem } from '../protocol/requests';

/** The error for data of which not one row can be used: it tells of the first problem, which mostly is that of all. */
export function noUsableRow(files: readonly string[], problems: readonly DataProblem[]): UserError {
  const first = problems.find(({ severity }) => severity === 'error') ?? problems[0];
  const names = files.join(', ');
  if (first === undefined)
    return inputError('no-rows', `${names} has no rows.`, 'Check that it is the file you meant.');
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more problems)` : '';
  return inputError('no-rows', `Not one row of ${names} can be used: ${first.message}${more}`, first.next);
}
