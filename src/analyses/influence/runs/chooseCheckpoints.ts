import type { PlannedStep } from '../../training/planSteps';

/** A moment of a run with the learning rates that it stands for. */
export interface WeightedMoment<C> {
  /** undefined: the end of the run. */
  readonly checkpoint: C | undefined;
  /** Sum of the learning rates of the steps that began nearest to it. */
  readonly weight: number;
}

/**
 * Moments spread evenly over a run: at most `most` of its checkpoints, and its end.
 *
 * @param checkpoints states after `step` steps, in any order; those at or after the end are left out
 */
export function chooseCheckpoints<C extends { readonly step: number }>(
  steps: readonly PlannedStep[],
  checkpoints: readonly C[],
  most: number,
): WeightedMoment<C>[] {
  const known = checkpoints.filter(({ step }) => step < steps.length).toSorted((a, b) => a.step - b.step);
  const wanted = Math.min(most, known.length);
  const chosen = new Set<C>();
  for (let i = 0; i < wanted; i++) {
    const place = ((i + 1) * steps.length) / (wanted + 1);
    const free = known.filter((checkpoint) => !chosen.has(checkpoint));
    chosen.add(
      free.reduce((best, other) => (Math.abs(other.step - place) < Math.abs(best.step - place) ? other : best)),
    );
  }
  const moments = [...known.filter((checkpoint) => chosen.has(checkpoint)), undefined].map((checkpoint) => ({
    checkpoint,
    at: checkpoint?.step ?? steps.length,
    weight: 0,
  }));
  for (const { step, learningRate } of steps) {
    // A step begins with the state that the one before it left.
    const begins = step - 1;
    const nearest = moments.reduce((best, other) =>
      Math.abs(other.at - begins) < Math.abs(best.at - begins) ? other : best,
    );
    nearest.weight += learningRate;
  }
  return moments.map(({ checkpoint, weight }) => ({ checkpoint, weight }));
}
