import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readGgufTokenizerMetadata } from '../../src/model/checkpoint/gguf/readGgufTokenizerMetadata';
import { openGgufTokenizer } from '../../src/text/tokenizer/ggufTokenizer';
import { ggufTokenizerFiles } from '../../src/text/tokenizer/ggufTokenizerFiles';
import { openTokenizer } from '../../src/text/tokenizer/openTokenizer';
import type { GgufTokenizerMetadata } from '../../src/text/types';

const texts = [
  '',
  'Who was there?',
  '  two  spaces',
  'tab\tand\nline',
  '42 + 1 = 43',
  'é 日本語 😀',
  '<s>special</s> inside',
];

/** Byte letters of ASCII stand for themselves, but for the space. */
const byteLevel: GgufTokenizerMetadata = {
  ...({} as GgufTokenizerMetadata),
  file: 'made-up.gguf',
  model: 'gpt2',
  pre: 'smollm',
  tokens: ['<|end|>', 'a', 'b', 'Ġ', '1', '2', 'ab', 'Ġab'],
  tokenTypes: [3, 1, 1, 1, 1, 1, 1, 1],
  merges: ['a b', 'Ġ ab'],
  scores: undefined,
  bosId: 0,
  eosId: 0,
  addBos: true,
};

describe('ggufTokenizerFiles', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'whence-tokenizer-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const written = (metadata: GgufTokenizerMetadata) => {
    for (const [name, content] of ggufTokenizerFiles(metadata)) {
      writeFileSync(path.join(folder, name), JSON.stringify(content));
    }
    return openTokenizer(folder);
  };

  for (const [name, read] of [
    ['a SentencePiece file', () => readGgufTokenizerMetadata('test/fixtures/gguf/llama-F16.gguf')],
    ['a byte-level file', async () => byteLevel],
  ] as const) {
    it(`${name} gives the same ids from the written folder`, async () => {
      const metadata = await read();
      const original = openGgufTokenizer(metadata);
      const copy = written(metadata);
      for (const text of [...texts, 'ab 12', ' ab<|end|>ab']) {
        assert.deepEqual([...copy.encode(text).ids], [...original.encode(text).ids], JSON.stringify(text));
        assert.deepEqual([...copy.encodeWithSpecial(text).ids], [...original.encodeWithSpecial(text).ids]);
      }
      assert.deepEqual(copy.special, original.special);
    });
  }
});
