import { internalError } from '../../protocol/errors';

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
}

/** Lengths and trained counts are rounded up to this, so that equal work meets equal shapes. */
const grain = 8;

/** What a second session costs to create, in padded tokens that it must save to pay. */
const sessionCostInTokens = 512;

function roundUp(value: number): number {
  return Math.ceil(value / grain) * grain;
}

/** Lengths, ascending, at which to cut: one session up to and including each. */
function chooseLengths(passes: readonly PassSize[], batch: number): number[] {
  const lengths = passes.map(({ length }) => roundUp(length)).sort((a, b) => a - b);
  const longest = lengths.at(-1)!;
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
 * each costs its creation. Passes are known before training starts, so the cut that pads least is chosen among all.
 *
 * @returns ascending by length
 */
export function planShapes(passes: readonly PassSize[], maxSessions: 1 | 2): PassShape[] {
  if (passes.length === 0) throw internalError('no passes to plan shapes for');
  const batch = passes.reduce((most, { rows }) => Math.max(most, rows), 0);
  const chosen = chooseLengths(passes, batch);
  const lengths = maxSessions === 1 ? chosen.slice(-1) : chosen;
  return lengths.map((length, index) => {
    const shorter = lengths[index - 1] ?? 0;
    const inside = passes.filter((pass) => roundUp(pass.length) <= length && roundUp(pass.length) > shorter);
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
