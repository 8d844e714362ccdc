import { estimators, type StaticMethod } from '../analyses/influence/estimateScores';
import type { EncodedQuery } from '../analyses/measuring/encodeQuery';
import { inputError } from '../protocol/errors';
import type { TraceMethod } from '../protocol/influence';
import type { OpenSubject } from './openSubject';

/** Scores of every row for every query by a method: [queries, rows]. */
export type ScoreSource = (method: TraceMethod, queries: readonly EncodedQuery[]) => Promise<Float32Array>;

/** The figure of a method that says what removing a row would do. */
function causeOf(method: TraceMethod): TraceMethod {
  return method === 'auto' ? 'ekfac' : method;
}

/** Scores from an opened subject. @throws UserError `method-unavailable` */
export function scoreSource({ attribution }: OpenSubject): ScoreSource {
  return async (method, queries) => {
    const estimator = estimators[causeOf(method) as StaticMethod];
    if (estimator === undefined)
      throw inputError(
        'method-unavailable',
        `The method ${method} cannot be verified yet.`,
        `Use one of ${Object.keys(estimators).join(', ')}.`,
      );
    return (await estimator(attribution, attribution.prepare(queries))).scores;
  };
}
