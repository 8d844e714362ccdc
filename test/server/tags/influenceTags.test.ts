import assert from 'node:assert/strict';
import type { TracedRow } from '../../../src/protocol/influence';
import { influenceStrip, influenceTags, tagScale } from '../../../src/server/tags/influenceTags';
import type { KnownLine } from '../../../src/server/tags/knownLines';

function row(rank: number, score: number, aboveNull: boolean, kind: number | null): TracedRow {
  return {
    file: 'train.jsonl',
    row: rank,
    line: rank,
    hash: `${rank}`,
    text: '',
    score,
    rank,
    aboveNull,
    normalized: null,
    selfInfluence: null,
    bm25Rank: 1,
    kind: kind === null ? null : { score: kind, rank: 1 },
    group: 0,
    duplicates: rank,
    status: 'trained',
    tokens: null,
  };
}

const rows = [
  ...[row(1, 8, true, 0.9), row(2, 4, true, 0.1), row(3, 1, false, null)],
  ...Array.from({ length: 8 }, (_, i) => row(4 + i, 0, false, null)),
  row(12, -6, true, null),
];
const file = tagScale(rows);
const lines: readonly KnownLine<TracedRow>[] = rows.map((each, line) => ({
  line,
  row: each,
  state: line === 1 ? 'stale' : 'current',
}));

describe('influenceTags', () => {
  it('says sign, kind, rank and strength before the row, and ~ where it was edited', () => {
    const texts = influenceTags(lines, file, 'everything').map(({ text }) => text);
    assert.deepEqual(
      [texts[0], texts[1], texts[2], texts[11]],
      [' ▲≈ 1 ████', '~▲  2 ██  ', ' ▲  3 ▌   ', ' ▼ 12 ███ '],
    );
  });

  it('all tags have one width, so that rows stay aligned', () => {
    for (const preset of ['normal', 'everything'] as const) {
      const widths = new Set(influenceTags(lines, file, preset).map(({ text }) => text.length));
      assert.equal(widths.size, 1, preset);
    }
  });

  it('normal shows only rows above the null; quiet gives no mark at all to the others', () => {
    const normal = influenceTags(lines, file, 'normal').filter(({ text }) => text.trim() !== '');
    assert.deepEqual(
      normal.map(({ line }) => line),
      [0, 1, 11],
    );
    const quiet = influenceTags(lines, file, 'quiet').map(({ line }) => line);
    assert.deepEqual(quiet, [0, 1, 11]);
  });

  it('the strip keeps the strongest marks within its bound', () => {
    const strip = influenceStrip(lines, file, 'everything', 2);
    assert.deepEqual(
      strip.map(({ line, tone }) => [line, tone]),
      [
        [0, 'promotes'],
        [11, 'opposes'],
      ],
    );
  });
});
