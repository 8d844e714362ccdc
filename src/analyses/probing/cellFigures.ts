import type { HeldOut } from '../../linalg/logistic/crossValidate';
import type { GroupBootstrap } from '../../linalg/statistics/groupBootstrap';
import type { ProbeCell } from '../../protocol/probing';
import type { Figure } from '../../protocol/verification';
import { wilsonInterval } from '../behaviour/wilsonInterval';

/** What a probe said of every row, held out. */
export interface Readings {
  /** [rows] */
  readonly predicted: Int32Array;
  /** [rows] 1: right. */
  readonly right: Uint8Array;
  /** [rows] p(label) */
  readonly probability: Float64Array;
  /** [rows] log p(label) - log p(the likeliest other), nats */
  readonly margin: Float64Array;
  /** Mean -log p(label), nats. */
  readonly logLoss: number;
}

/** Probabilities below this count as this. */
const leastProbability = 1e-12;

/** @param probabilities [rows, classes] */
export function readingsOf(probabilities: Float64Array, labels: Int32Array, classes: number): Readings {
  const rows = labels.length;
  const predicted = new Int32Array(rows);
  const right = new Uint8Array(rows);
  const probability = new Float64Array(rows);
  const margin = new Float64Array(rows);
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const label = labels[i]!;
    let best = 0;
    let other = -1;
    for (let k = 0; k < classes; k++) {
      const p = probabilities[i * classes + k]!;
      if (p > probabilities[i * classes + best]!) best = k;
      if (k !== label && (other < 0 || p > probabilities[i * classes + other]!)) other = k;
    }
    const own = probabilities[i * classes + label]!;
    predicted[i] = best;
    right[i] = best === label ? 1 : 0;
    probability[i] = own;
    margin[i] = logOf(own) - logOf(probabilities[i * classes + other]!);
    loss -= logOf(own);
  }
  return { predicted, right, probability, margin, logLoss: loss / rows };
}

function logOf(probability: number): number {
  return Math.log(Math.max(probability, leastProbability));
}

/**
 * A share of rows with its interval: as wide as Wilson's over rows and as the bootstrap's over groups, whichever reaches
 * further (resampled groups that are all right have no width at all).
 */
export function shareFigure(right: Uint8Array, bootstrap: GroupBootstrap): Figure {
  const { estimate, low, high, level } = bootstrap.mean(right);
  const successes = right.reduce((sum, one) => sum + one, 0);
  const [wilsonLow, wilsonHigh] = wilsonInterval(successes, right.length);
  return { estimate, low: Math.min(low, wilsonLow), high: Math.max(high, wilsonHigh), level };
}

/** The mean difference of two shares over the same rows. */
export function differenceFigure(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  bootstrap: GroupBootstrap,
): Figure {
  return bootstrap.mean(Float64Array.from(first, (value, i) => value - second[i]!));
}

/** The labels of a run, and of its control task. */
export interface CellLabels {
  readonly labels: Int32Array;
  readonly control: Int32Array;
  readonly classes: number;
}

/** A probe with the readings that its figures are of. */
export interface ReadCell {
  readonly cell: ProbeCell;
  readonly readings: Readings;
  readonly control: Readings;
  /** [folds] what choosing layers inside the folds goes by. */
  readonly innerLosses: Float64Array;
}

export function figuresOf(
  place: Pick<ProbeCell, 'model' | 'layer' | 'position'>,
  [held, heldControl]: readonly [HeldOut, HeldOut],
  { labels, control: controlLabels, classes }: CellLabels,
  bootstrap: GroupBootstrap,
): ReadCell {
  const readings = readingsOf(held.probabilities, labels, classes);
  const control = readingsOf(heldControl.probabilities, controlLabels, classes);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [i, label] of labels.entries()) confusion[label]![readings.predicted[i]!]! += 1;
  const shares = confusion.map((row, k) => row[k]! / row.reduce((sum, count) => sum + count, 0));
  return {
    cell: {
      ...place,
      accuracy: shareFigure(readings.right, bootstrap),
      balancedAccuracy: shares.reduce((sum, one) => sum + one, 0) / classes,
      logLoss: readings.logLoss,
      control: shareFigure(control.right, bootstrap),
      selectivity: differenceFigure(readings.right, control.right, bootstrap),
      penalties: [...held.penalties],
      confusion,
      predicted: [...readings.predicted],
    },
    readings,
    control,
    innerLosses: held.innerLosses,
  };
}
