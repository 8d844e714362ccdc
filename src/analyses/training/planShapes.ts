import { internalError } from '../../protocol/errors';
import { type LengthLimits, sameSide } from './lengthLimits';

/** What a forward pass must have room for. */
export interface PassSize {
  /** Rows. */
  readonly rows: number;
  /** Tokens of its longest row. */
  readonly length: number;
  /** Trained tokens of all its rows. */
  readonly trained: number;
}

/** The static shape of one session. */
export interface PassShape {
  readonly batch: number;
  readonly length: number;
  /** Positions that get logits. */
  readonly trained: number;
  /** Of `length`, those at the start that hold the same tokens in all rows and are computed once; absent: none. */
  readonly shared?: number;
}

/** Lengths and trained counts are rounded up to this, so that equal work meets equal shapes. */
const grain = 8;

/** What a second session costs to create, in padded tokens that it must save to pay. */
const sessionCostInTokens = 512;

/** Up to a multiple of the grain. */
export function roundUp(value: number): number {
  return Math.ceil(value / grain) * grain;
}

/**
 * Rounds a length up, but over no limit of the model; a length that is too long stays, to be refused as what it is.
 *
 * @param coarser factor on the grain
 */
export function roundUpLength(length: number, { switchAbove, longest }: LengthLimits, coarser: number): number {
  const rounded = coarser * roundUp(length / coarser);
  const limit = [switchAbove, longest].find((most) => most !== undefined && length <= most && most < rounded);
  if (limit !== undefined) return limit;
  return longest !== undefined && length > longest ? length : rounded;
}

/** Lengths, ascending, at which to cut: one session up to and including each. */
function chooseLengths(lengths: readonly number[], batch: number, limits: LengthLimits): number[] {
  const longest = lengths.at(-1)!;
  const shorter = lengths.filter((length) => !sameSide(length, longest, limits)).at(-1);
  if (shorter !== undefined) return [shorter, longest];
  let best = { saved: sessionCostInTokens, cut: longest };
  for (const [index, cut] of lengths.entries()) {
    // Every pass up to `cut` is padded to `cut` instead of the longest.
    const count = lengths.lastIndexOf(cut) + 1;
    if (lengths.indexOf(cut) !== index) continue;
    const saved = count * (longest - cut) * batch;
    if (saved > best.saved) best = { saved, cut };
  }
  return best.cut === longest ? [longest] : [best.cut, longest];
}

/**
 * The one or two static shapes that a run's forward passes are padded to: at most two sessions live at a time, and
 * each costs its creation. Passes are known before training starts, so the cut that pads least is chosen among all;
 * where the model switches at a length, the cut is there.
 *
 * @returns ascending by length
 */
export function planShapes(passes: readonly PassSize[], maxSessions: 1 | 2, limits: LengthLimits): PassShape[] {
  if (passes.length === 0) throw internalError('no passes to plan shapes for');
  const batch = passes.reduce((most, { rows }) => Math.max(most, rows), 0);
  const rounded = passes.map(({ length }) => roundUpLength(length, limits, 1));
  const chosen = chooseLengths(
    [...rounded].sort((a, b) => a - b),
    batch,
    limits,
  );
  const lengths = maxSessions === 1 ? chosen.slice(-1) : chosen;
  return lengths.map((length, index) => {
    const shorter = lengths[index - 1] ?? 0;
    const inside = passes.filter((_, pass) => rounded[pass]! <= length && rounded[pass]! > shorter);
    return { batch, length, trained: roundUp(inside.reduce((most, pass) => Math.max(most, pass.trained), 0)) };
  });
}

/** The first shape that has room for the pass. */
export function shapeFor(pass: PassSize, shapes: readonly PassShape[]): PassShape {
  const shape = shapes.find(({ length }) => length >= pass.length);
  if (shape === undefined || shape.batch < pass.rows || shape.trained < pass.trained)
    throw internalError(`no planned shape for ${pass.rows} rows of ${pass.length} tokens`);
  return shape;
}
