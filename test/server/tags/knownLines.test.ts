import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TracedRow } from '../../../src/protocol/influence';
import { indexKnownRows, knownLines } from '../../../src/server/tags/knownLines';
import { createLineHash } from '../../../src/server/tags/rowHashes';

const hashOf = createLineHash();
const textOf = (row: number): string => JSON.stringify({ text: `row ${row}` });
const linesOf = (texts: readonly string[]) => ({ count: texts.length, text: (line: number) => texts[line]! });

/** Rows as a trace gives them: row i scored n - i. */
function traced(count: number): readonly TracedRow[] {
  return Array.from({ length: count }, (_, row) => ({
    file: 'train.jsonl',
    row,
    line: row + 1,
    hash: hashOf(textOf(row))!,
    text: textOf(row),
    score: count - row,
    rank: row + 1,
    aboveNull: true,
    normalized: null,
    selfInfluence: null,
    bm25Rank: 1,
    kind: null,
    group: 0,
    duplicates: row,
    status: 'trained',
    tokens: null,
  }));
}

describe('knownLines', () => {
  it('a row keeps its tag wherever it is moved to', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }).chain((count) =>
          fc.tuple(
            fc.constant(count),
            fc.shuffledSubarray(
              Array.from({ length: count }, (_, i) => i),
              { minLength: 1 },
            ),
          ),
        ),
        ([count, order]) => {
          const lines = linesOf(order.map(textOf));
          const found = knownLines(lines, 0, lines.count, indexKnownRows(traced(count), traced(count)), hashOf);
          const current = found.filter(({ state }) => state === 'current');
          assert.deepEqual(
            current.map(({ line, row }) => [line, row.row]),
            order.map((row, line) => [line, row]),
          );
        },
      ),
    );
  });

  it('one edited row is stale and still knows which row it was, also below inserted lines', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 60 }), fc.nat(), fc.nat(3), (count, at, inserted) => {
        const edited = at % count;
        const texts = Array.from({ length: count }, (_, row) => (row === edited ? '{"text": "edited"}' : textOf(row)));
        const added = Array.from({ length: inserted }, (_, i) => JSON.stringify({ text: `new ${i}` }));
        const lines = linesOf([...added, ...texts]);
        const found = knownLines(lines, 0, lines.count, indexKnownRows(traced(count), traced(count)), hashOf);
        const stale = found.filter(({ state }) => state === 'stale');
        // At the border of the added rows nothing says whether a line is new or edited: then none is claimed.
        if (inserted > 0 && edited === 0) assert.deepEqual(stale, []);
        else
          assert.deepEqual(
            stale.map(({ line, row }) => [line, row.row]),
            [[edited + inserted, edited]],
          );
      }),
    );
  });

  it('only lines of the range are answered, with the same answer as for the whole file', () => {
    const texts = Array.from({ length: 200 }, (_, row) => (row % 17 === 5 ? '{"text":"x"}' : textOf(row)));
    const file = indexKnownRows(traced(200), traced(200));
    const whole = knownLines(linesOf(texts), 0, 200, file, hashOf);
    const part = knownLines(linesOf(texts), 90, 120, file, hashOf);
    assert.deepEqual(
      part,
      whole.filter(({ line }) => line >= 90 && line < 120),
    );
  });

  it('malformed and blank lines have no row and break nothing', () => {
    const texts = [textOf(0), '', '{"text":', textOf(1), '[]'];
    const found = knownLines(linesOf(texts), 0, 5, indexKnownRows(traced(2), traced(2)), hashOf);
    assert.deepEqual(
      found.map(({ line, row }) => [line, row.row]),
      [
        [0, 0],
        [3, 1],
      ],
    );
  });
});
