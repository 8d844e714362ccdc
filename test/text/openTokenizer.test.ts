import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { UserError } from '../../src/protocol/errors';
import { openModelText } from '../../src/text/openModelText';
import { openTokenizer } from '../../src/text/tokenizer/openTokenizer';
import { fixtureFolder } from './fixtures';

const now = () => new Date(2024, 0, 1);

function withFolder<T>(files: Readonly<Record<string, unknown>>, use: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'whence-tokenizer-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
      writeFileSync(path.join(folder, name), bytes);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, '<s>': 3, '</s>': 4, '▁': 5 }, merges: [['a', 'b']] };
const special = (content: string, id: number, more = {}) => ({
  id,
  content,
  special: true,
  normalized: false,
  ...more,
});

function ids(tokenizer: unknown, text: string, config: unknown = {}): number[] {
  const files = { 'tokenizer.json': tokenizer, 'tokenizer_config.json': config };
  return withFolder(files, (folder) => Array.from(openTokenizer(folder).encodeWithSpecial(text).ids));
}

function offsets(tokenizer: unknown, text: string): number[] {
  return withFolder({ 'tokenizer.json': tokenizer }, (folder) =>
    Array.from(openTokenizer(folder).encode(text).offsets),
  );
}

describe('tokenizer files', () => {
  it('merges may be pairs or lines, and old files do not say the type', () => {
    assert.deepEqual(ids({ model }, 'aab'), [0, 2]);
    assert.deepEqual(ids({ model: { ...model, merges: ['a b'] } }, 'aab'), [0, 2]);
    assert.deepEqual(ids({ model: { vocab: model.vocab, merges: ['a b'] } }, 'aab'), [0, 2]);
  });

  it('characters outside the vocabulary vanish, become unknown, or bytes', () => {
    assert.deepEqual(ids({ model }, 'axb'), [2]);
    assert.deepEqual(ids({ model: { ...model, unk_token: '<s>' } }, 'axyb'), [0, 3, 3, 1]);
    assert.deepEqual(ids({ model: { ...model, unk_token: '<s>', fuse_unk: true } }, 'axyb'), [0, 3, 1]);
    assert.deepEqual(offsets({ model: { ...model, unk_token: '<s>', fuse_unk: true } }, 'axyb'), [0, 1, 1, 3, 3, 4]);
    const bytes = { ...model, byte_fallback: true, vocab: { ...model.vocab, '<0xC3>': 6, '<0xA9>': 7 } };
    assert.deepEqual(ids({ model: bytes }, 'aéb'), [0, 6, 7, 1]);
    assert.deepEqual(offsets({ model: bytes }, 'aéb'), [0, 1, 1, 2, 1, 2, 2, 3]);
  });

  it('added tokens take the longest match, white space and word borders as they say', () => {
    const added = [special('<s>', 3), special('<s>>', 4)];
    assert.deepEqual(ids({ model, added_tokens: added }, 'a<s>>b<s>'), [0, 4, 1, 3]);
    const stripping = [special('<s>', 3, { lstrip: true, rstrip: true })];
    assert.deepEqual(ids({ model, added_tokens: stripping }, 'a  <s> \nb'), [0, 3, 1]);
    assert.deepEqual(offsets({ model, added_tokens: stripping }, 'a  <s> \nb'), [0, 1, 1, 8, 8, 9]);
    const single = [special('zz', 6, { single_word: true })];
    assert.deepEqual(ids({ model, added_tokens: single }, 'azz zz'), [0, 6]);
    // A token of the model keeps the model's id.
    assert.deepEqual(ids({ model, added_tokens: [special('b', 3)] }, 'ab'), [0, 1]);
  });

  it('added tokens of tokenizer_config.json count too, and the special ones are known', () => {
    const config = { eos_token: { content: '<e>' }, added_tokens_decoder: { 9: { content: '<e>', special: true } } };
    withFolder({ 'tokenizer.json': { model }, 'tokenizer_config.json': config }, (folder) => {
      const tokenizer = openTokenizer(folder);
      assert.equal(tokenizer.special.eos, 9);
      assert.equal(tokenizer.vocabularySize, 10);
      assert.deepEqual(Array.from(tokenizer.encode('a<e>').ids), [0, 9]);
      assert.ok(tokenizer.isSpecial(9));
      assert.equal(tokenizer.decodeSkippingSpecial([0, 9, 8, 1]), 'a b');
    });
  });

  it('add_bos_token and add_eos_token rule where the tokenizer class rebuilds its post-processor', () => {
    const config = { bos_token: '<s>', eos_token: '</s>', add_bos_token: true, add_eos_token: true };
    assert.deepEqual(ids({ model }, 'a', { ...config, tokenizer_class: 'LlamaTokenizerFast' }), [3, 0, 4]);
    assert.deepEqual(ids({ model }, 'a', { ...config, tokenizer_class: 'PreTrainedTokenizerFast' }), [0]);
  });

  it('an older Metaspace puts its mark by add_prefix_space', () => {
    const pre_tokenizer = { type: 'Metaspace', replacement: '▁', add_prefix_space: true };
    assert.deepEqual(ids({ model, pre_tokenizer }, 'ab ab'), [5, 2, 5, 2]);
    assert.deepEqual(offsets({ model, pre_tokenizer }, 'ab ab'), [0, 0, 0, 2, 2, 3, 3, 5]);
  });

  it('stop tokens come from every file that names one and from the template', () => {
    const files = {
      'tokenizer.json': { model, added_tokens: [special('<s>', 3), special('</s>', 4)] },
      'tokenizer_config.json': {
        eos_token: 'b',
        chat_template: '{% for m in messages %}{{ m.content }}</s>{% endfor %}',
      },
      'generation_config.json': { eos_token_id: [7, 8] },
      'config.json': { eos_token_id: 9 },
    };
    const stops = withFolder(files, (folder) => openModelText(folder, now).stopTokens);
    assert.deepEqual([...stops].sort(), [1, 4, 7, 8, 9]);
    const chat = openModelText(fixtureFolder('chat'), now);
    assert.deepEqual([...chat.stopTokens], [346]);
    assert.equal(openModelText(fixtureFolder('bytebpe'), now).template, undefined);
  });

  const broken: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['no tokenizer.json', {}, 'tokenizer-missing'],
    ['cut JSON', { 'tokenizer.json': '{"model": {' }, 'bad-json'],
    ['a list', { 'tokenizer.json': '[]' }, 'bad-json'],
    ['deep JSON', { 'tokenizer.json': '['.repeat(100000) }, 'json-too-deep'],
    [
      'deep steps',
      { 'tokenizer.json': `{"normalizer":${'{"type":"Sequence","normalizers":['.repeat(50)}` },
      'json-too-deep',
    ],
    ['bad UTF-8', { 'tokenizer.json': Uint8Array.from([0x7b, 0xff, 0x7d]) }, 'bad-utf8'],
    ['no model', { 'tokenizer.json': {} }, 'tokenizer-damaged'],
    ['another model', { 'tokenizer.json': { model: { type: 'WordPiece', vocab: {} } } }, 'tokenizer-unsupported'],
    ['an empty vocabulary', { 'tokenizer.json': { model: { ...model, vocab: {} } } }, 'tokenizer-damaged'],
    ['an absurd id', { 'tokenizer.json': { model: { ...model, vocab: { a: 1e15 } } } }, 'tokenizer-damaged'],
    ['a fractional id', { 'tokenizer.json': { model: { ...model, vocab: { a: 0.5 } } } }, 'tokenizer-damaged'],
    ['an absurd added id', { 'tokenizer.json': { model, added_tokens: [special('x', 1e15)] } }, 'tokenizer-damaged'],
    ['a merge of nothing', { 'tokenizer.json': { model: { ...model, merges: [['a', 'zz']] } } }, 'tokenizer-damaged'],
    ['a merge of one', { 'tokenizer.json': { model: { ...model, merges: ['a'] } } }, 'tokenizer-damaged'],
    ['an unknown normalizer', { 'tokenizer.json': { model, normalizer: { type: 'Spell' } } }, 'tokenizer-unsupported'],
    ['an unknown splitter', { 'tokenizer.json': { model, pre_tokenizer: { type: 'Spell' } } }, 'tokenizer-unsupported'],
    ['an unknown decoder', { 'tokenizer.json': { model, decoder: { type: 'CTC' } } }, 'tokenizer-unsupported'],
    [
      'an unknown processor',
      { 'tokenizer.json': { model, post_processor: { type: 'Spell' } } },
      'tokenizer-unsupported',
    ],
    [
      'a bad pattern',
      { 'tokenizer.json': { model, pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } } },
      'tokenizer-damaged',
    ],
    [
      'a bad behaviour',
      { 'tokenizer.json': { model, pre_tokenizer: { type: 'Split', pattern: { String: 'a' }, behavior: 'Odd' } } },
      'tokenizer-unsupported',
    ],
    ['a bad configuration', { 'tokenizer.json': { model }, 'tokenizer_config.json': '{' }, 'bad-json'],
    [
      'bad added tokens',
      { 'tokenizer.json': { model }, 'tokenizer_config.json': { added_tokens_decoder: { x: { content: 'a' } } } },
      'tokenizer-damaged',
    ],
  ];
  for (const [what, files, code] of broken) {
    it(`${what} is refused with the file's name`, () => {
      withFolder(files, (folder) => {
        assert.throws(
          () => openTokenizer(folder),
          (error: UserError) => error.kind === 'badInput' && error.code === code && error.message.includes(folder),
        );
      });
    });
  }
});
