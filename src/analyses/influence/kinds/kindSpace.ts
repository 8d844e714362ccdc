/**
 * kinds/ says what rows are like: the space in which rows and queries of one kind lie close together, and groups of rows
 * in it. It says nothing about what a row did to a behaviour.
 */
import { internalError } from '../../../protocol/errors';
import { statePositions } from '../states/rowStates';

/** Rows as unit vectors whose products say how alike they are. */
export interface KindSpace {
  readonly width: number;
  /** [rows, width], each of length 1, or 0 where a row is like the mean of all. */
  readonly rows: Float32Array;
  /** States of other rows, [count, width], as vectors of the same space; the states are overwritten. */
  place(states: Float32Array): Float32Array;
}

/** The answer says most about the kind of a row, the end of its prompt the rest: products are summed as 4 to 1. */
const positionWeights: Readonly<Record<(typeof statePositions)[number], number>> = { answer: 1, turn: 0.5 };

/** A state this much closer to the mean than the mean is to 0 differs from it by rounding alone. */
const leastDifference = 1e-5;

/**
 * Each state less its mean over the rows (what all rows share says nothing about kinds) and brought to length 1, so
 * that no layer outweighs another; then the positions weighted, and the whole of length 1.
 *
 * @param states [rows, width] as `computeRowStates` gives them; they are overwritten
 * @param hidden length of one state
 */
export function createKindSpace(states: Float32Array, width: number, hidden: number): KindSpace {
  const period = statePositions.length * hidden;
  if (width % period !== 0 || states.length % width !== 0) throw internalError('states do not fill their rows');
  const rows = states.length / width;
  const mean = new Float64Array(width);
  for (let i = 0; i < states.length; i++) mean[i % width]! += states[i]! / rows;
  const place = (values: Float32Array): Float32Array => {
    for (let start = 0; start < values.length; start += width) {
      for (let part = 0; part < width; part += hidden) {
        const weight = positionWeights[statePositions[(part % period) / hidden]!];
        centre(values.subarray(start + part, start + part + hidden), mean.subarray(part, part + hidden), weight);
      }
      scale(values.subarray(start, start + width), 1);
    }
    return values;
  };
  return { width, rows: place(states), place };
}

function centre(state: Float32Array, mean: Float64Array, length: number): void {
  for (let i = 0; i < state.length; i++) state[i]! -= mean[i]!;
  if (lengthOf(state) <= leastDifference * lengthOf(mean)) state.fill(0);
  else scale(state, length);
}

function scale(vector: Float32Array, length: number): void {
  const now = lengthOf(vector);
  if (now === 0) return;
  for (let i = 0; i < vector.length; i++) vector[i]! *= length / now;
}

function lengthOf(vector: ArrayLike<number>): number {
  let squared = 0;
  for (let i = 0; i < vector.length; i++) squared += vector[i]! * vector[i]!;
  return Math.sqrt(squared);
}
