import assert from 'node:assert/strict';
import fc from 'fast-check';
import { words } from '../../../src/text/lexical/words';

describe('words', () => {
  it('are runs of letters, marks and digits in lower case', () => {
    assert.deepEqual(words('The "Claw-Hammer" costs $14.50, doesn’t it?'), [
      ...['the', 'claw', 'hammer', 'costs', '14', '50', 'doesn', 't', 'it'],
    ]);
  });

  it('are the same in composed, decomposed and full-width writing', () => {
    assert.deepEqual(words('Cafe\u0301 ＡＢＣ'), ['café', 'abc']);
    assert.deepEqual(words('Łódź naïve straße Ünal'), ['łódź', 'naïve', 'straße', 'ünal']);
    assert.deepEqual(words('Сколько стоит?'), ['сколько', 'стоит']);
  });

  it('are single characters in scripts without spaces, supplementary planes included', () => {
    assert.deepEqual(words('我有GPU。𠀀'), ['我', '有', 'gpu', '𠀀']);
    assert.deepEqual(words('ひらカタ'), ['ひ', 'ら', 'カ', 'タ']);
    assert.deepEqual(words('안녕 하세요'), ['안녕', '하세요']);
  });

  it('keep a mark with its letter', () => {
    assert.deepEqual(words('हिन्दी भाषा'), ['हिन्दी', 'भाषा']);
  });

  it('are none in punctuation, emoji and broken surrogates', () => {
    assert.deepEqual(words('🙂 -- !?'), []);
    assert.deepEqual(words('a\ud800b\udc00'), ['a', 'b']);
  });

  it('are not changed by what separates them', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abcdeé7'), minLength: 1, maxLength: 8 });
    const gap = fc.constantFrom(' ', ', ', '\n', ' - ', '...', '🙂');
    fc.assert(
      fc.property(fc.array(fc.tuple(word, gap)), (parts) => {
        assert.deepEqual(
          words(parts.map(([w, g]) => w + g).join('')),
          parts.map(([w]) => w.normalize('NFKC')),
        );
      }),
    );
  });
});
