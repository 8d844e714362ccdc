import type { ModelConfig } from '../../model/modelConfig';

/** What padding must respect, because a padded length decides what the model computes, or whether it can. In tokens. */
export interface LengthLimits {
  /** longrope: longer sequences turn by other frequencies. undefined: no such switch. */
  readonly switchAbove: number | undefined;
  /** Longest sequence that can be computed at all. undefined: no limit. */
  readonly longest: number | undefined;
}

export const noLengthLimits: LengthLimits = { switchAbove: undefined, longest: undefined };

/** Every layer of a model with longrope switches at the same length. */
export function lengthLimits({ layers, lengthLimit }: ModelConfig): LengthLimits {
  const switching = layers.find(({ rotary }) => rotary?.long !== undefined);
  return { switchAbove: switching?.rotary?.long?.above, longest: lengthLimit };
}

/** Whether two lengths are computed alike. */
export function sameSide(a: number, b: number, { switchAbove }: LengthLimits): boolean {
  return switchAbove === undefined || a > switchAbove === b > switchAbove;
}
