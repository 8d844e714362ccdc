import { internalError } from '../../protocol/errors';
import type { PassShape, PassSize } from './planShapes';

/** A row as it is trained. */
export interface TrainedTokens {
  readonly ids: Int32Array;
  /** -100 where the token is not trained; position 0 never is. */
  readonly labels: Int32Array;
}

/** A row of one forward pass with the factor on each of its token losses. */
export interface PassRow {
  readonly tokens: TrainedTokens;
  readonly factor: number;
}

/** Feeds of one forward pass besides the trained tensors. */
export interface PassFeeds {
  /** [B, T] without the shared tokens. */
  readonly inputIds: BigInt64Array;
  /** [S], of the first row. */
  readonly sharedIds: BigInt64Array;
  readonly places: BigInt64Array;
  readonly targets: BigInt64Array;
  readonly weights: Float32Array;
  /** Index into the pass's rows of every place; filling has none and comes last. */
  readonly rowOfPlace: readonly number[];
}

export const untrained = -100;

/** Number of trained tokens; position 0 is predicted by nothing and never counts. */
export function countTrained({ labels }: TrainedTokens): number {
  let count = 0;
  for (let t = 1; t < labels.length; t++) if (labels[t] !== untrained) count += 1;
  return count;
}

export function passSize(rows: readonly TrainedTokens[]): PassSize {
  return {
    rows: rows.length,
    length: rows.reduce((longest, { ids }) => Math.max(longest, ids.length), 0),
    trained: rows.reduce((sum, row) => sum + countTrained(row), 0),
  };
}

/** Pads rows on the right to the shape, less the tokens they share. Absent rows and filling places have id 0, place 0 and weight 0. */
export function passFeeds(rows: readonly PassRow[], shape: PassShape): PassFeeds {
  const shared = shape.shared ?? 0;
  const own = shape.length - shared;
  const inputIds = new BigInt64Array(shape.batch * own);
  const sharedIds = BigInt64Array.from(rows[0]?.tokens.ids.subarray(0, shared) ?? [], BigInt);
  const placeOf = (row: number, t: number): number => (t < shared ? t : shared + row * own + t - shared);
  const places = new BigInt64Array(shape.trained);
  const targets = new BigInt64Array(shape.trained);
  const weights = new Float32Array(shape.trained);
  const rowOfPlace: number[] = [];
  for (const [row, { tokens, factor }] of rows.entries()) {
    const { ids, labels } = tokens;
    if (ids.length > shape.length || row >= shape.batch) throw internalError('a pass outgrows its shape');
    for (let t = 0; t < ids.length; t++) {
      if (t >= shared) inputIds[row * own + t - shared] = BigInt(ids[t]!);
      else if (BigInt(ids[t]!) !== sharedIds[t]) throw internalError('rows of a pass begin unlike each other');
      if (t === 0 || labels[t] === untrained) continue;
      const place = rowOfPlace.length;
      if (place >= shape.trained) throw internalError('a pass has more trained tokens than its shape');
      places[place] = BigInt(placeOf(row, t - 1));
      targets[place] = BigInt(labels[t]!);
      weights[place] = factor;
      rowOfPlace.push(row);
    }
  }
  return { inputIds, sharedIds, places, targets, weights, rowOfPlace };
}
