import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createTokenStream } from '../../src/text/tokenizer/tokenStream';
import { fixtureTokenizer, reference, tokenizerNames } from './fixtures';

for (const name of tokenizerNames) {
  describe(`token stream ${name}`, () => {
    const tokenizer = fixtureTokenizer(name);

    function streamed(ids: Iterable<number>): string[] {
      const stream = createTokenStream(tokenizer, 'showSpecial');
      return [...Array.from(ids, (id) => stream.push(id)), stream.finish()];
    }

    it('parts join to the decoded text, and none ends inside a character', () => {
      const text = fc.oneof(
        fc.constantFrom(...reference(name).cases.map((entry) => entry.text)),
        fc.string({ unit: 'grapheme' }),
      );
      fc.assert(
        fc.property(text, (source) => {
          const { ids } = tokenizer.encode(source);
          const parts = streamed(ids);
          assert.equal(parts.join(''), tokenizer.decode(ids));
          if (!source.includes('\ufffd')) for (const part of parts) assert.ok(!part.includes('\ufffd'));
        }),
      );
    });

    it('an unfinished character is given out at the end', () => {
      const { ids } = tokenizer.encode('a😀');
      const parts = streamed(ids.subarray(0, ids.length - 1));
      assert.match(parts.at(-1)!, /^\ufffd+$/);
    });

    it('leaves special tokens out when asked to', () => {
      const { eos } = tokenizer.special;
      const stream = createTokenStream(tokenizer, 'skipSpecial');
      const ids = [...tokenizer.encode('a').ids, eos!];
      assert.equal(ids.map((id) => stream.push(id)).join('') + stream.finish(), 'a');
    });
  });
}
