import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Tokenizer } from '../../src/text/types';
import { fixtureTokenizer, ranges, reference, tokenizerNames } from './fixtures';

/** Offsets are in order, inside the text, and where tokens decode to their own text they cut that text out. */
function checkOffsets(tokenizer: Tokenizer, text: string): void {
  const { ids, offsets } = tokenizer.encode(text);
  assert.equal(offsets.length, 2 * ids.length);
  let [lastStart, lastEnd] = [0, 0];
  for (const [i, [start, end]] of ranges(offsets).entries()) {
    assert.ok(
      start >= lastStart && end >= lastEnd && end >= start && end <= text.length,
      `token ${i} of ${JSON.stringify(text)}`,
    );
    [lastStart, lastEnd] = [start, end];
    const shown = tokenizer.show(ids[i]!);
    // A word mark in the source is a space to SentencePiece.
    const slice = tokenizer.isSpecial(ids[i]!) ? text.slice(start, end) : text.slice(start, end).replaceAll('▁', ' ');
    if (!shown.includes('\\x') && !shown.includes('\ufffd')) {
      assert.ok(
        slice === shown ||
          ` ${slice}` === shown ||
          slice.normalize('NFC') === shown ||
          ids[i] === tokenizer.special.unknown,
        `${JSON.stringify(shown)} is not ${JSON.stringify(slice)} in ${JSON.stringify(text)}`,
      );
    }
  }
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      'the',
      ' ',
      '\n',
      '\t',
      'é',
      'e\u0301',
      '😀',
      '\u200d',
      '7',
      '½',
      '<s>',
      '</s>',
      '<|im_end|>',
      '<0x0A>',
      '▁',
      "'s",
      '한',
      '\u1112',
      '\u1161',
      '\u11ab',
    ),
  }),
);

for (const name of tokenizerNames) {
  describe(`tokenizer ${name}`, () => {
    const tokenizer = fixtureTokenizer(name);
    const { cases, vocab_size } = reference(name);

    it('gives the reference ids, decodings and size', () => {
      assert.equal(tokenizer.vocabularySize, vocab_size);
      for (const { text, ids, ids_with_special, decoded, decoded_skip_special } of cases) {
        assert.deepEqual(Array.from(tokenizer.encode(text).ids), ids, JSON.stringify(text));
        assert.deepEqual(Array.from(tokenizer.encodeWithSpecial(text).ids), ids_with_special, JSON.stringify(text));
        assert.equal(tokenizer.decode(ids), decoded);
        assert.equal(tokenizer.decodeSkippingSpecial(ids), decoded_skip_special);
      }
    });

    it('places every token of the reference strings', () => {
      for (const { text } of cases) checkOffsets(tokenizer, text);
    });

    it('places every token of any string', () => {
      fc.assert(fc.property(anyText, (text) => checkOffsets(tokenizer, text)));
    });
  });
}
