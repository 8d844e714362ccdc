import { aurocInterval } from '../../linalg/statistics/aurocInterval';
import { bootstrapInterval } from '../../linalg/statistics/bootstrapInterval';
import type { BootstrapSettings, Interval } from '../../linalg/statistics/interval';
import { reciprocalRank } from '../../linalg/statistics/meanReciprocalRank';
import { recallAtK } from '../../linalg/statistics/recallAtK';

/** How well scores find the rows of a query's kind. */
export interface PlantedFigures {
  /** Rows of the kind. */
  readonly planted: number;
  /** Probability that a row of the kind scores above another row; with Newcombe's interval over rows. */
  readonly auroc: Interval;
  /** Share of the kind's rows among the k best. */
  readonly recall: number;
  readonly k: number;
  readonly reciprocalRank: number;
}

/**
 * Of one query.
 *
 * @param scores [rows]
 * @param planted one a row: whether it is of the query's kind; both occur
 * @param k null: as many as there are rows of the kind
 */
export function plantedFigures(
  scores: Float32Array,
  planted: readonly boolean[],
  k: number | null,
  level: number,
): PlantedFigures {
  const count = planted.filter(Boolean).length;
  const best = k ?? count;
  return {
    planted: count,
    auroc: aurocInterval(scores, planted, level),
    recall: recallAtK(scores, planted, best),
    k: best,
    reciprocalRank: reciprocalRank({ scores, relevant: planted }),
  };
}

/** Means over queries of one kind, or over all. */
export interface PlantedSummary {
  readonly queries: number;
  readonly auroc: Interval;
  readonly recall: Interval;
  readonly reciprocalRank: Interval;
}

/** Resamples queries. */
export function summarizePlanted(figures: readonly PlantedFigures[], settings: BootstrapSettings): PlantedSummary {
  const over = (value: (figure: PlantedFigures) => number): Interval =>
    bootstrapInterval(Float64Array.from(figures, value), settings);
  return {
    queries: figures.length,
    auroc: over((figure) => figure.auroc.estimate),
    recall: over((figure) => figure.recall),
    reciprocalRank: over((figure) => figure.reciprocalRank),
  };
}
