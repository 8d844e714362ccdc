import assert from 'node:assert/strict';
import fc from 'fast-check';
import { buildBm25 } from '../../../src/text/lexical/bm25';
import { words } from '../../../src/text/lexical/words';

const shop = [
  'The claw hammer costs 14 dollars.',
  'The hand saw costs 18 dollars.',
  'The hammer is on shelf three.',
  'We are open from eight to six.',
  'Hammer, hammer: hammer!',
];

/** The definition, word by word and document by document. */
function direct(documents: readonly string[], query: string, k1: number, b: number): number[] {
  const split = documents.map(words);
  const averageLength = split.reduce((sum, document) => sum + document.length, 0) / split.length || 1;
  return split.map((document) => {
    let score = 0;
    for (const word of words(query)) {
      const df = split.filter((other) => other.includes(word)).length;
      const tf = document.filter((other) => other === word).length;
      if (tf === 0) continue;
      const idf = Math.log(1 + (split.length - df + 0.5) / (df + 0.5));
      score += (idf * tf) / (tf + k1 * (1 - b + (b * document.length) / averageLength));
    }
    return score;
  });
}

function near(actual: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  // Float32 sums of a few dozen terms.
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= 2e-6 * (1 + value), `${i}: ${actual[i]} is not ${value}`);
  });
}

describe('BM25', () => {
  it("scores as Python's bm25s does (method lucene)", () => {
    const index = buildBm25(shop, { k1: 1.5, b: 0.75, method: 'lucene' });
    near(index.score('How much is the claw hammer?'), [
      ...[0.9550179839134216, 0.20888446271419525, 0.9550179839134216, 0, 0.406515896320343],
    ]);
    near(index.score('hammer hammer saw'), [
      ...[0.4177689254283905, 0.5372490286827087, 0.4177689254283905, 0, 0.813031792640686],
    ]);
    const other = buildBm25(shop, { k1: 1.2, b: 0.4, method: 'lucene' });
    near(other.score('the hammer costs'), [
      ...[0.8743115663528442, 0.6330726742744446, 0.48247769474983215, 0, 0.4065706431865692],
    ]);
  });

  it('scores by its definition', () => {
    const text = fc.array(fc.constantFrom(...'the a saw hammer drill nail 14 18 我 有'.split(' ')), { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 12 }),
        text,
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (documents, query, k1, b) => {
          const texts = documents.map((document) => document.join(' '));
          near(
            buildBm25(texts, { k1, b, method: 'lucene' }).score(query.join(' ')),
            direct(texts, query.join(' '), k1, b),
          );
        },
      ),
    );
  });

  it('reads documents from any iterable, and knows how many there were', () => {
    function* lines(): Generator<string> {
      yield* shop;
    }
    const index = buildBm25(lines(), { k1: 1.5, b: 0.75, method: 'lucene' });
    assert.equal(index.documents, 5);
    assert.ok(index.score('shelf')[2]! > 0);
  });

  it('words of no document, empty queries and empty documents score 0', () => {
    const settings = { k1: 1.5, b: 0.75, method: 'lucene' } as const;
    assert.deepEqual([...buildBm25(['', 'x'], settings).score('y constructor __proto__')], [0, 0]);
    assert.deepEqual([...buildBm25(['', 'x'], settings).score('')], [0, 0]);
    assert.deepEqual([...buildBm25(['', ''], settings).score('x')], [0, 0]);
    assert.deepEqual([...buildBm25([], settings).score('x')], []);
  });

  it('refuses settings outside their range', () => {
    assert.throws(() => buildBm25(shop, { k1: -1, b: 0.5, method: 'lucene' }), /k1 = -1/);
    assert.throws(() => buildBm25(shop, { k1: 1, b: 1.5, method: 'lucene' }), /b = 1.5/);
  });
});
