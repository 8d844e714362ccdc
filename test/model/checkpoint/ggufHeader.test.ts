import assert from 'node:assert/strict';
import { readGgufHeader } from '../../../src/model/checkpoint/gguf/readGgufHeader';
import { readGgufTokenizerMetadata } from '../../../src/model/checkpoint/gguf/readGgufTokenizerMetadata';

const folder = 'test/fixtures/gguf';

describe('GGUF headers', () => {
  it('tensor shapes are rows first and lie inside the file', async () => {
    const header = await readGgufHeader(`${folder}/llama-Q4_0.gguf`);
    assert.deepEqual(header.tensors.get('token_embd.weight')?.shape, [349, 64]);
    assert.equal(header.tensors.get('blk.0.ffn_down.weight')?.type, 'Q4_0');
    assert.equal(header.metadata.get('general.architecture'), 'llama');
  });

  it('metadata of every type is read', async () => {
    const { metadata } = await readGgufHeader(`${folder}/tensors-k-quants.gguf`);
    assert.deepEqual(Object.fromEntries(metadata), {
      'general.architecture': 'llama',
      'llama.block_count': 0,
      'test.number': 7,
      'test.array': [1, 2, 3],
      'test.text': 'plain é 日本 😀',
      'test.double': 0.1,
      'test.int64': -1099511627776,
      'test.bool': true,
      'test.texts': ['a', '', 'ü'],
    });
  });

  it('the tokenizer comes out typed', async () => {
    const tokenizer = await readGgufTokenizerMetadata(`${folder}/llama-Q4_0.gguf`);
    assert.equal(tokenizer.tokens.length, 349);
    assert.equal(tokenizer.tokenTypes?.length, 349);
    assert.deepEqual(tokenizer.merges?.slice(0, 3), ['h e', 'Ġ t', 'Ġt he']);
    assert.deepEqual([tokenizer.model, tokenizer.pre, tokenizer.addBos], ['gpt2', 'qwen2', false]);
    assert.deepEqual([tokenizer.bosId, tokenizer.eosId, tokenizer.paddingId], [undefined, 346, 344]);
    assert.match(tokenizer.chatTemplate ?? '', /im_start/);
  });

  it('a file without a tokenizer says so', async () => {
    await assert.rejects(readGgufTokenizerMetadata(`${folder}/tensors-k-quants.gguf`), { code: 'gguf-no-tokenizer' });
  });
});
