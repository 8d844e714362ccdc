import { inputError, type UserError } from '../protocol/errors';

/** The error for results that are no numbers although every weight is one: weights are checked when they are mapped. */
export function notFinite(label: string): UserError {
  return inputError(
    'results-not-finite',
    `${label} computes numbers that are not finite (NaN or infinite), though its weights are.`,
    'Check config.json against the weights: they may not belong together.',
  );
}
