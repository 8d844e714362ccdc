import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createRandom } from '../../src/linalg/random';
import type { Segment } from '../../src/linalg/scan/indexPart';
import { UserError } from '../../src/protocol/errors';
import { createScanner, type Scanner } from '../../src/workers/createScanner';

/** What the bits of a half mean (IEEE 754 binary16). */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

interface Case {
  readonly rows: number;
  readonly width: number;
  readonly element: 'float16' | 'float32';
  readonly seed: number;
}

interface Filled {
  readonly scanner: Scanner;
  /** [rows, width], the scaled rows exactly. */
  readonly exact: Float64Array;
}

/** Rows of random numbers; halves of every finite kind, zeros and subnormals among them. */
function fill({ rows, width, element, seed }: Case, threads: number): Filled {
  const random = createRandom(seed, 'index');
  const scanner = createScanner({ rows, width, element, threads });
  const exact = new Float64Array(rows * width);
  for (const { firstRow, rows: here, data, scales } of scanner.parts) {
    for (let r = 0; r < here; r++) {
      scales[r] = Math.fround(0.5 + random.uniform());
      for (let j = 0; j < width; j++) {
        const at = r * width + j;
        if (element === 'float32') data[at] = random.normal();
        else data[at] = random.integer(32) * 2048 + random.integer(1024) + (random.integer(2) << 10);
        if (element === 'float16' && (data[at]! & 0x7c00) === 0x7c00) data[at] = data[at]! & 0x83ff;
        const value = element === 'float32' ? data[at]! : halfValue(data[at]!);
        exact[(firstRow + r) * width + j] = value * scales[r]!;
      }
    }
  }
  return { scanner, exact };
}

function normals(length: number, seed: number): Float32Array {
  const random = createRandom(seed, 'queries');
  return Float32Array.from({ length }, () => random.normal());
}

/** Sums in float32 are right to some units of the sum of absolute values. */
function close(found: number, expected: number, size: number, precision: number): void {
  assert.ok(Math.abs(found - expected) <= precision * size + 1e-30, `${found} is ${expected}`);
}

function dot(
  exact: Float64Array,
  row: number,
  width: number,
  query: Float32Array,
  { first, columns }: Segment,
): [number, number] {
  let sum = 0;
  let size = 0;
  for (let j = first; j < first + columns; j++) {
    const term = exact[row * width + j]! * query[j]!;
    sum += term;
    size += Math.abs(term);
  }
  return [sum, size];
}

/** Ranges of columns that meet, leave gaps and are no multiples of anything. */
function segmentsOf(width: number): Segment[] {
  const cut = Math.floor(width / 3);
  return [
    { first: 0, columns: cut },
    { first: cut, columns: 0 },
    { first: cut, columns: Math.floor(width / 2) - cut },
    { first: width - Math.min(5, width - Math.floor(width / 2)), columns: Math.min(5, width - Math.floor(width / 2)) },
  ];
}

async function everything(
  scanner: Scanner,
  { rows, width }: Case,
  count: number,
): Promise<Record<string, ArrayLike<number>>> {
  const segments = segmentsOf(width);
  const queries = normals(count * width, 3);
  return {
    scan: await scanner.scan(queries, count),
    scanSegments: await scanner.scanSegments(queries, count, segments),
    norms: await scanner.norms(),
    squares: await scanner.segmentSquares(segments),
    sum: await scanner.weightedSum(normals(rows, 4)),
    segmentSum: await scanner.weightedSegmentSum(Float64Array.from(normals(rows * segments.length, 5)), segments),
    means: await scanner.columnMeanSquares(),
  };
}

async function check(entry: Case, count: number): Promise<void> {
  const { rows, width } = entry;
  const { scanner, exact } = fill(entry, 1);
  try {
    const found = await everything(scanner, entry, count);
    const queries = normals(count * width, 3);
    const segments = segmentsOf(width);
    const whole = { first: 0, columns: width };
    for (let q = 0; q < count; q++) {
      const query = queries.subarray(q * width, (q + 1) * width);
      for (let row = 0; row < rows; row++) {
        const [sum, size] = dot(exact, row, width, query, whole);
        close(found.scan![q * rows + row]!, sum, size, 1e-6);
        for (const [s, segment] of segments.entries()) {
          const [part, partSize] = dot(exact, row, width, query, segment);
          close(found.scanSegments![(q * segments.length + s) * rows + row]!, part, partSize, 1e-6);
        }
      }
    }
    const coefficients = normals(rows, 4);
    const perSegment = normals(rows * segments.length, 5);
    const inSegment = (j: number): number =>
      segments.findIndex(({ first, columns }) => j >= first && j < first + columns);
    for (let row = 0; row < rows; row++) {
      let square = 0;
      for (let j = 0; j < width; j++) square += exact[row * width + j]! ** 2;
      close(found.norms![row]!, Math.sqrt(square), Math.sqrt(square), 1e-7);
      for (const [s, { first, columns }] of segments.entries()) {
        let part = 0;
        for (let j = first; j < first + columns; j++) part += exact[row * width + j]! ** 2;
        close(found.squares![s * rows + row]!, part, part, 1e-13);
      }
    }
    for (let j = 0; j < width; j++) {
      const s = inSegment(j);
      let [sum, size, partial, partialSize, square] = [0, 0, 0, 0, 0];
      for (let row = 0; row < rows; row++) {
        const value = exact[row * width + j]!;
        sum += coefficients[row]! * value;
        size += Math.abs(coefficients[row]! * value);
        if (s >= 0) partial += perSegment[s * rows + row]! * value;
        if (s >= 0) partialSize += Math.abs(perSegment[s * rows + row]! * value);
        square += value ** 2 / rows;
      }
      close(found.sum![j]!, sum, size, 1e-7);
      close(found.segmentSum![j]!, partial, partialSize, 1e-7);
      close(found.means![j]!, square, square, 1e-12);
    }
    for (const threads of [2, 3]) {
      const other = fill(entry, threads);
      try {
        assert.deepEqual(await everything(other.scanner, entry, count), found, `${threads} threads`);
      } finally {
        await other.scanner.release();
      }
    }
  } finally {
    await scanner.release();
  }
}

describe('createScanner', () => {
  it('equals the sums written out, with the same bits for 1, 2 and 3 threads', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          rows: fc.integer({ min: 0, max: 70 }),
          width: fc.integer({ min: 1, max: 60 }),
          element: fc.constantFrom('float16' as const, 'float32' as const),
          seed: fc.nat(1000),
        }),
        fc.integer({ min: 0, max: 11 }),
        check,
      ),
      { numRuns: 8, seed: 1 },
    );
  });

  it('is right for rows wider than what is summed at a time, and for more queries than are packed at a time', async () => {
    await check({ rows: 9, width: 9001, element: 'float16', seed: 1 }, 2);
    await check({ rows: 6, width: 4500, element: 'float32', seed: 2 }, 5);
    await check({ rows: 35, width: 24, element: 'float16', seed: 3 }, 70);
  });

  it('small numbers do not vanish: tiny queries on the smallest halves', async () => {
    const scanner = createScanner({ rows: 1, width: 9, element: 'float16', threads: 1 });
    try {
      scanner.parts[0]!.data.fill(1);
      const [score] = await scanner.scan(new Float32Array(9).fill(2 ** -100), 1);
      assert.equal(score, 9 * 2 ** -124);
    } finally {
      await scanner.release();
    }
  });

  it('what is wrong in one row stays in that row', async () => {
    const scanner = createScanner({ rows: 3, width: 5, element: 'float32', threads: 1 });
    try {
      const { data } = scanner.parts[0]!;
      data.fill(1);
      data[5] = Number.NaN;
      assert.deepEqual([...(await scanner.scan(new Float32Array(5).fill(1), 1))], [5, Number.NaN, 5]);
      assert.deepEqual(
        [...(await scanner.scanSegments(new Float32Array(5).fill(1), 1, [{ first: 1, columns: 3 }]))],
        [3, 3, 3],
      );
    } finally {
      await scanner.release();
    }
  });

  it('refuses queries that are not finite, and columns outside the row', async () => {
    const scanner = createScanner({ rows: 3, width: 5, element: 'float16', threads: 1 });
    try {
      await assert.rejects(
        scanner.scan(Float32Array.of(1, 2, 3, 4, 5, 1, 2, Number.NaN, 4, 5), 2),
        (error) => error instanceof UserError && error.code === 'query-not-finite' && /query 2/.test(error.message),
      );
      await assert.rejects(scanner.scanSegments(new Float32Array(5), 1, [{ first: 3, columns: 3 }]), /internal/);
      await assert.rejects(scanner.scan(new Float32Array(4), 1), /internal/);
      assert.equal((await scanner.scan(new Float32Array(5), 1)).length, 3);
    } finally {
      await scanner.release();
    }
    await assert.rejects(scanner.norms(), /internal/);
  });
});
