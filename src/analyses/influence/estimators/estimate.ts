import type { Warning } from '../../../protocol/requests';
import type { Factors } from '../factors/factors';
import type { Rotator } from '../factors/rotator';
import type { Columns } from '../gradients/columns';
import type { GradientMatrix } from '../gradients/gradientMatrix';

/** What estimators from gradients work on. */
export interface EstimatorInput {
  /** Gradients of the rows' losses. */
  readonly gradients: GradientMatrix;
  /** [count, width]: gradients of the queries' losses, i.e. of minus their measurements. */
  readonly queries: Float32Array;
  readonly count: number;
}

/** Scores of every row for every query. */
export interface Estimate {
  /** [count, rows]; above 0: training on the row lowers the query's loss. */
  readonly scores: Float32Array;
  /**
   * [count, width]: u with score = u . g_row, from which scores are split over positions; undefined where a score is no
   * linear function of the row's gradient.
   */
  readonly directions: Float32Array | undefined;
  /** Layout of the directions where it is not that of the whole gradients. */
  readonly columns?: Columns;
  /** What the user must know of these scores. */
  readonly warnings?: readonly Warning[];
}

/** What the methods with curvature need besides. */
export interface CurvatureInput extends EstimatorInput {
  readonly factors: Factors;
  readonly rotator: Rotator;
  /** Relative to the mean eigenvalue of each module. */
  readonly damping: number;
}
