import assert from 'node:assert/strict';
import fc from 'fast-check';
import { halfToFloatTable } from '../../src/data/floatFormats';
import { UserError } from '../../src/protocol/errors';
import { decodeHalfRows, encodeHalfRows } from '../../src/store/halfRows';

function encoded(values: Float32Array, width: number): { halves: Uint16Array; scales: Float32Array } {
  const halves = new Uint16Array(values.length);
  const scales = new Float32Array(values.length / width);
  encodeHalfRows(values, width, 0, scales.length, halves, scales, 0);
  return { halves, scales };
}

function decoded(values: Float32Array, width: number): Float32Array {
  const { halves, scales } = encoded(values, width);
  const back = new Float32Array(values.length);
  decodeHalfRows(halves, scales, width, 0, scales.length, back);
  return back;
}

/** To nearest, ties to even, by search through all finite halves of a sign: the definition itself. */
function nearestHalf(value: number): number {
  const table = halfToFloatTable();
  const magnitude = Math.abs(value);
  let low = 0;
  let high = 0x7bff;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table[middle]! <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - table[low]!;
  const above = table[high]! - magnitude;
  const bits = below < above || (below === above && low % 2 === 0) ? low : high;
  return (value < 0 || Object.is(value, -0) ? 0x8000 : 0) | bits;
}

/** Magnitudes over all of float32's range, subnormal ones included. */
const anyFloat = fc.float({ noNaN: true, noDefaultInfinity: true });

describe('half-precision rows', () => {
  it('every half but the infinities comes back as itself', () => {
    const table = halfToFloatTable();
    const bits = Array.from({ length: 0x7800 }, (_, i) => i).flatMap((i) => [i, i | 0x8000]);
    // A first value of 2^14 fixes the scale at 1.
    const values = new Float32Array(bits.flatMap((i) => [16384, table[i]!]));
    const { halves, scales } = encoded(values, 2);
    const usable = bits.flatMap((i, row) => (Math.abs(table[i]!) < 32768 ? [row] : []));
    assert.ok(usable.length > 61_000);
    for (const row of usable) {
      assert.equal(scales[row], 1);
      assert.equal(halves[row * 2 + 1], bits[row]);
    }
  });

  it('rounds to the nearest half, ties to even, by the definition', () => {
    fc.assert(
      fc.property(fc.array(anyFloat, { minLength: 1, maxLength: 40 }), (list) => {
        const values = new Float32Array(list);
        const { halves, scales } = encoded(values, values.length);
        const scale = scales[0]!;
        assert.ok(Number.isInteger(Math.log2(scale)), 'the scale is a power of two');
        for (const [i, value] of values.entries()) {
          // What rounds to 2^128 is rounded down, for it would come back as infinite.
          const nearest = nearestHalf(value / scale);
          const overflows = scale === 2 ** 113 && (nearest & 0x7fff) === 0x7800;
          assert.equal(halves[i], overflows ? nearest - 1 : nearest, `${value}`);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('ties and their neighbours round as the definition says, above and below the subnormal border', () => {
    const values: number[] = [16384];
    const table = halfToFloatTable();
    for (const bits of [0, 1, 2, 3, 1022, 1023, 1024, 1025, 1026, 0x3c00, 0x3c01, 0x77fe]) {
      const middle = (table[bits]! + table[bits + 1]!) / 2;
      const step = middle * 2 ** -23;
      values.push(middle, middle + step, middle - step, -middle);
    }
    const row = new Float32Array(values);
    const { halves, scales } = encoded(row, row.length);
    assert.equal(scales[0], 1);
    for (const [i, value] of row.entries()) assert.equal(halves[i], nearestHalf(value), `${value}`);
  });

  it('no value is off by more than half a step of its row, whatever the magnitude of the row', () => {
    fc.assert(
      fc.property(fc.array(anyFloat, { minLength: 1, maxLength: 40 }), (list) => {
        const values = new Float32Array(list);
        const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const back = decoded(values, values.length);
        for (const [i, value] of values.entries()) {
          // Rounding of a normal half, of a subnormal half, and of rows that are next to nothing.
          const allowed = Math.max(
            Math.abs(value) * 2 ** (largest >= 2 ** 127 ? -10 : -11),
            largest * 2 ** -39,
            2 ** -137,
          );
          assert.ok(Math.abs(back[i]! - value) <= allowed, `${value} came back as ${back[i]}`);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('what was decoded is encoded to the same bits again', () => {
    fc.assert(
      fc.property(fc.array(anyFloat, { minLength: 1, maxLength: 20 }), (list) => {
        const once = decoded(new Float32Array(list), list.length);
        assert.deepEqual(decoded(once, list.length), once);
      }),
    );
  });

  it('NaN and infinite values are refused', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      assert.throws(
        () => encoded(new Float32Array([1, 2, 3, value]), 2),
        (error) => error instanceof UserError && error.code === 'vectors-not-finite' && /row 1/.test(error.message),
      );
  });
});
