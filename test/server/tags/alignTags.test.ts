import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Analysis, RowTag } from '../../../src/protocol/editorFindings';
import { alignTags } from '../../../src/server/tags/alignTags';

const order: readonly Analysis[] = ['influence', 'probe', 'pruning'];
const widths = { influence: 12, probe: 9, pruning: 7 } as const;

const someTags = fc.uniqueArray(fc.tuple(fc.nat(9), fc.constantFrom(...order)), {
  selector: ([line, analysis]) => `${line} ${analysis}`,
});

describe('alignTags', () => {
  it('all rows begin at one place, in the order of the analyses, and no tag is lost', () => {
    fc.assert(
      fc.property(someTags, (places) => {
        const tags = places.map(
          ([line, analysis]): RowTag => ({
            ...{ line, analysis, text: '▲'.padEnd(widths[analysis]) },
            ...{ tone: 'promotes', strength: 1, state: 'current' },
          }),
        );
        const rows = Array.from({ length: 10 }, (_, line) => line);
        const aligned = alignTags(tags, rows);
        for (const tag of tags) assert.ok(aligned.includes(tag));
        const said = rows.map((line) => aligned.filter((tag) => tag.line === line));
        assert.equal(new Set(said.map((own) => own.reduce((sum, { text }) => sum + text.length, 0))).size, 1);
        for (const own of said) {
          const ranks = own.map(({ analysis }) => order.indexOf(analysis));
          assert.deepEqual(
            ranks,
            [...ranks].sort((a, b) => a - b),
          );
        }
      }),
    );
  });

  it('without tags there are no blanks', () => {
    assert.deepEqual(alignTags([], [0, 1, 2]), []);
  });
});
