import { createRandom } from './random';

/** Resolution of the table below; between its points the density is followed by rejection, so nothing is approximate. */
const strips = 128;
/** Where the tail begins, and the area of each strip, for 128 strips (Marsaglia and Tsang). */
const tailStart = 3.442619855899;
const stripArea = 9.91256303526217e-3;

interface Ziggurat {
  /** Right end of each strip, its width first. */
  readonly ends: Float64Array;
  readonly heights: Float64Array;
}

function makeZiggurat(): Ziggurat {
  const density = (x: number): number => Math.exp(-0.5 * x * x);
  const ends = new Float64Array(strips + 1);
  ends[0] = stripArea / density(tailStart);
  ends[1] = tailStart;
  for (let i = 2; i < strips; i++) ends[i] = Math.sqrt(-2 * Math.log(stripArea / ends[i - 1]! + density(ends[i - 1]!)));
  ends[strips] = 0;
  return { ends, heights: ends.map((x) => density(x)) };
}

/**
 * A random projection onto `columns` dimensions: independent normal entries of variance 1 / columns, so that lengths
 * keep their expectation. Ziggurat method on the streams of `createRandom`.
 *
 * @param seed a safe integer
 * @param label names what the matrix is for: matrices of one seed and different labels are independent
 * @returns [rows, columns]; equal arguments give equal bits
 */
export function gaussianMatrix(rows: number, columns: number, seed: number, label: string): Float32Array {
  const { ends, heights } = makeZiggurat();
  const result = new Float32Array(rows * columns);
  const scale = 1 / Math.sqrt(columns);
  const { uint32, uniform } = createRandom(seed, label);
  for (let i = 0; i < result.length; i++) {
    for (;;) {
      const word = uint32();
      const strip = word & (strips - 1);
      // The 24 bits above those that chose the strip and the sign.
      const x = ((word >>> 8) / 2 ** 24) * ends[strip]!;
      const signed = (word & strips) === 0 ? x : -x;
      if (x < ends[strip + 1]!) {
        result[i] = signed * scale;
        break;
      }
      if (strip === 0) {
        result[i] = (word & strips) === 0 ? tail(uniform) * scale : -tail(uniform) * scale;
        break;
      }
      const height = heights[strip]! + uniform() * (heights[strip + 1]! - heights[strip]!);
      if (height < Math.exp(-0.5 * x * x)) {
        result[i] = signed * scale;
        break;
      }
    }
  }
  return result;
}

/** A normal number beyond the last strip (Marsaglia). */
function tail(uniform: () => number): number {
  for (;;) {
    const x = -Math.log(1 - uniform()) / tailStart;
    const y = -Math.log(1 - uniform());
    if (2 * y > x * x) return tailStart + x;
  }
}
