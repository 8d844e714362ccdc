import assert from 'node:assert/strict';
import { readGgufTokenizerMetadata } from '../../../src/model/checkpoint/gguf/readGgufTokenizerMetadata';
import { openGgufTokenizer } from '../../../src/text/tokenizer/ggufTokenizer';
import type { Tokenizer } from '../../../src/text/types';
import { type ChatCase, ranges, readFixture, type TokenizerCase } from '../../text/fixtures';

const file = process.env.WHENCE_SMOLLM2 ?? '.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf';

interface Reference {
  readonly cases: readonly TokenizerCase[];
  readonly strings_that_do_not_round_trip: readonly string[];
  readonly chat: readonly ChatCase[];
}

describe('SmolLM2 tokenizer (GGUF)', () => {
  const { cases, strings_that_do_not_round_trip } = readFixture<Reference>('smollm2-tokenizer-reference.json');
  let tokenizer: Tokenizer;
  before(async () => {
    tokenizer = openGgufTokenizer(await readGgufTokenizerMetadata(file));
  });

  it('gives the reference ids and decodings', () => {
    for (const { text, ids, decoded, decoded_skip_special } of cases) {
      assert.deepEqual(Array.from(tokenizer.encode(text).ids), ids, JSON.stringify(text));
      assert.equal(tokenizer.decode(ids), decoded);
      assert.equal(tokenizer.decodeSkippingSpecial(ids), decoded_skip_special);
    }
  });

  it('places every token: what decodes to itself cuts out its own text', () => {
    for (const { text } of cases) {
      const { ids, offsets } = tokenizer.encode(text);
      for (const [i, [start, end]] of ranges(offsets).entries()) {
        const shown = tokenizer.show(ids[i]!);
        if (!shown.includes('\\x')) assert.equal(text.slice(start, end), shown);
        else assert.ok(end > start);
      }
      if (!strings_that_do_not_round_trip.includes(text)) assert.equal(tokenizer.decode(ids), text);
    }
  });
});
