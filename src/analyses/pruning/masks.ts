import { createHash } from 'node:crypto';
import { createRandom } from '../../linalg/random';
import { internalError } from '../../protocol/errors';
import type { PruningThreshold } from '../../protocol/pruning';

/** Shape of a matrix with its saliencies, row-major. */
export interface ScoredMatrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly scores: Float32Array;
}

/** 1 where an entry is set to zero, by the matrices' order; row-major. */
export type Mask = readonly Uint8Array[];

/** How a share becomes a number of entries. */
export type AppliedThreshold = Exclude<PruningThreshold, 'auto'>;

/**
 * Entries that go out of `count`, as the authors of Antidote count them: count - int(count * (1 - alpha)). For few columns
 * this is a step: of 8, one goes for every alpha up to .125.
 */
export function prunedCount(count: number, alpha: number): number {
  return count - Math.trunc(count * (1 - alpha));
}

/**
 * The mask that a share alpha of the highest saliencies makes.
 *
 *   row      the highest of each output row (Antidote)
 *   module   the highest of each matrix
 *   global   the highest of all matrices together
 *   2:4      the two highest of every four neighbours in a row, whatever alpha is
 *
 * Of equal saliencies the later ones go, which is what a stable ascending sort leaves at its end.
 *
 * @param alpha in [0, 1]
 */
export function buildMask(matrices: readonly ScoredMatrix[], alpha: number, threshold: AppliedThreshold): Mask {
  if (!(alpha >= 0 && alpha <= 1)) throw internalError(`a share of ${alpha}`);
  if (threshold === 'global') return globalMask(matrices, alpha);
  return matrices.map(({ rows, columns, scores }) => {
    const mask = new Uint8Array(scores.length);
    switch (threshold) {
      case 'module':
        markHighest(scores, prunedCount(scores.length, alpha), mask);
        break;
      case 'row':
        for (let r = 0; r < rows; r++) {
          const [from, to] = [r * columns, (r + 1) * columns];
          markHighest(scores.subarray(from, to), prunedCount(columns, alpha), mask.subarray(from, to));
        }
        break;
      case '2:4':
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < columns; c += 4) {
            const [from, to] = [r * columns + c, r * columns + Math.min(columns, c + 4)];
            markHighest(scores.subarray(from, to), Math.floor((to - from) / 2), mask.subarray(from, to));
          }
        }
        break;
    }
    return mask;
  });
}

function globalMask(matrices: readonly ScoredMatrix[], alpha: number): Mask {
  const all = new Float32Array(matrices.reduce((sum, { scores }) => sum + scores.length, 0));
  const masks = new Uint8Array(all.length);
  let offset = 0;
  for (const { scores } of matrices) {
    all.set(scores, offset);
    offset += scores.length;
  }
  markHighest(all, prunedCount(all.length, alpha), masks);
  offset = 0;
  return matrices.map(({ scores }) => {
    offset += scores.length;
    return masks.slice(offset - scores.length, offset);
  });
}

/** Marks the `count` highest, of equal ones the last. */
function markHighest(scores: Float32Array, count: number, mask: Uint8Array): void {
  if (count === 0) return;
  const level = scores.toSorted()[scores.length - count]!;
  let left = count;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! <= level) continue;
    mask[i] = 1;
    left--;
  }
  for (let i = scores.length - 1; i >= 0 && left > 0; i--) {
    if (scores[i]! !== level) continue;
    mask[i] = 1;
    left--;
  }
}

/** A mask with as many entries of every row of every matrix as `like`, drawn at random. */
export function matchedRandomMask(
  matrices: readonly Pick<ScoredMatrix, 'name' | 'rows' | 'columns'>[],
  like: Mask,
  seed: number,
): Mask {
  return matrices.map(({ name, rows, columns }, m) => {
    const random = createRandom(seed, `random mask ${name}`);
    const mask = new Uint8Array(rows * columns);
    const order = Uint32Array.from({ length: columns }, (_, c) => c);
    for (let r = 0; r < rows; r++) {
      const count = countMarked(like[m]!.subarray(r * columns, (r + 1) * columns));
      for (let i = 0; i < count; i++) {
        const j = i + random.integer(columns - i);
        const column = order[j]!;
        order[j] = order[i]!;
        order[i] = column;
        mask[r * columns + column] = 1;
      }
    }
    return mask;
  });
}

export function countMarked(mask: Uint8Array): number {
  let count = 0;
  for (const bit of mask) count += bit;
  return count;
}

/** Hex: what tells a mask from others, whatever it came from. */
export function maskHash(matrices: readonly Pick<ScoredMatrix, 'name' | 'rows' | 'columns'>[], mask: Mask): string {
  const hash = createHash('sha256').update('whence-pruning-mask/1');
  for (const [m, { name, rows, columns }] of matrices.entries()) {
    hash.update(JSON.stringify([name, rows, columns])).update(mask[m]!);
  }
  return hash.digest('hex').slice(0, 40);
}

/** The values with zeros where the mask is set. */
export function masked(values: Float32Array, mask: Uint8Array): Float32Array {
  return values.map((value, i) => (mask[i] === 1 ? 0 : value));
}
