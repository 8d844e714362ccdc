import assert from 'node:assert/strict';
import { readGgufTokenizerMetadata } from '../../src/model/checkpoint/gguf/readGgufTokenizerMetadata';
import type { JsonObject } from '../../src/protocol/json';
import { createTokenizer } from '../../src/text/tokenizer/createTokenizer';
import { openGgufTokenizer } from '../../src/text/tokenizer/ggufTokenizer';
import type { GgufTokenizerMetadata } from '../../src/text/types';
import { readFixture, reference } from './fixtures';

const nothing: GgufTokenizerMetadata = {
  file: 'made-up.gguf',
  model: 'gpt2',
  pre: undefined,
  tokens: [],
  tokenTypes: undefined,
  scores: undefined,
  merges: undefined,
  bosId: undefined,
  eosId: undefined,
  eotId: undefined,
  unknownId: undefined,
  paddingId: undefined,
  separatorId: undefined,
  addBos: undefined,
  addEos: undefined,
  addSpacePrefix: undefined,
  chatTemplate: undefined,
  namedChatTemplates: new Map(),
};

interface BpeFile extends JsonObject {
  readonly model: {
    readonly vocab: Record<string, number>;
    readonly merges: readonly (readonly [string, string])[];
  } & JsonObject;
}

describe('GGUF tokenizer', () => {
  it('byte-level: gives the ids of the tokenizer.json it was converted from', async () => {
    const metadata = await readGgufTokenizerMetadata('test/fixtures/gguf/llama-F16.gguf');
    const tokenizer = openGgufTokenizer(metadata);
    const { cases } = reference('chat');
    // GGUF carries no normalizer, so strings that NFC changes are not comparable.
    const comparable = cases.filter(({ text }) => text.normalize('NFC') === text);
    assert.ok(comparable.length > 60);
    for (const { text, ids, decoded } of comparable) {
      assert.deepEqual(Array.from(tokenizer.encode(text).ids), ids, JSON.stringify(text));
      assert.equal(tokenizer.decode(ids), decoded);
    }
    assert.equal(tokenizer.special.eos, 346);
  });

  it('SentencePiece: scores give the merges of the same tokenizer with a Prepend normalizer', () => {
    const file = readFixture<BpeFile>('tokenizers/spbpe/tokenizer.json');
    const merged = file.model.merges.map(([left, right]) => left + right);
    const tokens: string[] = [];
    for (const [token, id] of Object.entries(file.model.vocab)) tokens[id] = token;
    const metadata: GgufTokenizerMetadata = {
      ...nothing,
      model: 'llama',
      tokens,
      tokenTypes: tokens.map((token, id) => (id === 0 ? 2 : id < 3 ? 3 : /^<0x..>$/.test(token) ? 6 : 1)),
      scores: tokens.map((token) => (merged.includes(token) ? -merged.indexOf(token) : -1000)),
      bosId: 1,
      eosId: 2,
      unknownId: 0,
    };
    const special = { bos: '<s>', eos: '</s>', pad: undefined, unknown: '<unk>' };
    const normalizer = {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    };
    const json = { ...file, normalizer, pre_tokenizer: null };
    const expected = createTokenizer({ file: 'expected', json, special, furtherAdded: [], around: undefined });
    const tokenizer = openGgufTokenizer(metadata);
    for (const { text } of reference('spbpe').cases) {
      assert.deepEqual(tokenizer.encodeWithSpecial(text), expected.encodeWithSpecial(text), JSON.stringify(text));
      const { ids } = tokenizer.encode(text);
      assert.equal(tokenizer.decode(ids), expected.decode(ids));
    }
  });

  it('puts a prefix before a text that begins with a space, as llama.cpp does', () => {
    const tokens = ['<unk>', '▁', 'a', '▁a'];
    const metadata = { ...nothing, model: 'llama', tokens, scores: [0, -2, -3, -1], unknownId: 0, addBos: false };
    assert.deepEqual(Array.from(openGgufTokenizer(metadata).encode(' a').ids), [1, 3]);
    const withoutPrefix = openGgufTokenizer({ ...metadata, addSpacePrefix: false });
    assert.deepEqual(Array.from(withoutPrefix.encode(' a').ids), [3]);
  });

  it('merges equal scores from the left', () => {
    const tokens = ['<unk>', 'a', 'b', 'ab', 'ba'];
    const metadata = { ...nothing, model: 'llama', tokens, scores: [0, -9, -9, -1, -1], addSpacePrefix: false };
    const tokenizer = openGgufTokenizer({ ...metadata, unknownId: 0, addBos: false });
    assert.deepEqual(Array.from(tokenizer.encode('abab').ids), [3, 3]);
    assert.deepEqual(Array.from(tokenizer.encode('bab').ids), [4, 2]);
  });

  it('lets missing bytes vanish without joining their neighbours', () => {
    const metadata = { ...nothing, pre: 'gpt-2', tokens: ['!', '?', '!?'], merges: ['! ?'] };
    const tokenizer = openGgufTokenizer(metadata);
    const { ids, offsets } = tokenizer.encode('!#?!?');
    assert.deepEqual(Array.from(ids), [0, 1, 2]);
    assert.deepEqual(Array.from(offsets), [0, 1, 2, 3, 3, 5]);
  });

  it('splits numbers as each rule says', () => {
    const tokens = ['1', '2', '3', '12', '123'];
    const merges = ['1 2', '12 3'];
    const encode = (pre: string) =>
      Array.from(openGgufTokenizer({ ...nothing, pre, tokens, merges }).encode('1231').ids);
    assert.deepEqual(encode('smollm'), [0, 1, 2, 0]);
    assert.deepEqual(encode('qwen2'), [0, 1, 2, 0]);
    assert.deepEqual(encode('llama-bpe'), [4, 0]);
    assert.deepEqual(encode('gpt-2'), [4, 0]);
    assert.deepEqual(encode('default'), [4, 0]);
  });

  it('refuses what it does not know, naming the file', () => {
    for (const metadata of [
      { ...nothing, model: 'rwkv' },
      { ...nothing, pre: 'no-such-rule', tokens: ['a'], merges: [] },
      { ...nothing, tokens: ['a'] },
      { ...nothing, model: 'llama', tokens: ['a'] },
    ]) {
      assert.throws(() => openGgufTokenizer(metadata), /made-up\.gguf/);
    }
  });
});
