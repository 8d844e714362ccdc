import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeGguf, float32Bytes, type GgufField, type GgufTensorToWrite } from '../../support/writeGguf';
import type { BrokenCase } from './brokenCase';

const ask = ['ask', '--prompt', 'hello', '--max-tokens', '2', '--model', 'model.gguf'];

function gguf(name: string, make: (folder: string) => void, names = 'model.gguf'): BrokenCase {
  return { name: `gguf: ${name}`, write: make, args: ask, names, outcome: 'refused' };
}

const soundFile = (): Buffer => readFileSync('test/fixtures/gguf/llama-Q8_0.gguf');

function content(name: string, make: (sound: Buffer) => string | Uint8Array, names?: string): BrokenCase {
  return gguf(name, (folder) => writeFileSync(path.join(folder, 'model.gguf'), make(Buffer.from(soundFile()))), names);
}

/** Changes the sound file in place. */
function patched(name: string, patch: (bytes: Buffer) => void, names?: string): BrokenCase {
  return content(
    name,
    (bytes) => {
      patch(bytes);
      return bytes;
    },
    names,
  );
}

/** Where a text of the header ends, so that what follows it can be changed. */
function after(bytes: Buffer, text: string): number {
  const at = bytes.indexOf(text);
  if (at < 0) throw new Error(`the fixture has no ${text}`);
  return at + text.length;
}

/** A value of the metadata: its type comes right after the key. */
function key(name: string, text: string, patch: (bytes: Buffer, typeAt: number) => void, names?: string): BrokenCase {
  return patched(name, (bytes) => patch(bytes, after(bytes, text)), names);
}

/** After a tensor's name: number of extents (4), extents (8 each), type (4), offset (8). */
function tensor(name: string, text: string, patch: (bytes: Buffer, at: number) => void, names?: string): BrokenCase {
  return patched(name, (bytes) => patch(bytes, after(bytes, text)), names);
}

function written(
  name: string,
  metadata: Readonly<Record<string, GgufField>>,
  tensors: readonly GgufTensorToWrite[],
  names?: string,
): BrokenCase {
  return content(name, () => encodeGguf(metadata, tensors), names);
}

const one: GgufTensorToWrite = {
  name: 'token_embd.weight',
  shape: [1, 4],
  type: 0,
  bytes: float32Bytes(new Float32Array(4)),
};
const architecture: GgufField = { type: 'string', value: 'llama' };
const query = 'blk.0.attn_q.weight';
const blocks = 'llama.block_count';

export const ggufCases: readonly BrokenCase[] = [
  content('empty', () => ''),
  content('three bytes', () => 'GGU'),
  content('magic alone', () => 'GGUF'),
  content('cut inside the header', (bytes) => bytes.subarray(0, 300)),
  content('cut inside the tokens', (bytes) => bytes.subarray(0, 3000)),
  content('cut inside the data', (bytes) => bytes.subarray(0, bytes.length - 5000)),
  content('another magic', (bytes) => Buffer.concat([Buffer.from('GGML'), bytes.subarray(4)])),
  content('a Git LFS pointer', () => 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n'),
  content('an HTML page', () => '<html>not here</html>'.repeat(50)),
  content('a safetensors file', () => readFileSync('test/fixtures/models/llama/model.safetensors')),
  gguf('a folder of that name', (folder) => mkdirSync(path.join(folder, 'model.gguf'))),
  patched('version 1', (bytes) => bytes.writeUInt32LE(1, 4)),
  patched('version 99', (bytes) => bytes.writeUInt32LE(99, 4)),
  patched('big-endian', (bytes) => bytes.writeUInt32BE(3, 4)),
  patched('2^60 tensors', (bytes) => bytes.writeBigUInt64LE(1n << 60n, 8)),
  patched('a thousand tensors more than there are', (bytes) =>
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(8) + 1000n, 8),
  ),
  patched('no tensors', (bytes) => bytes.writeBigUInt64LE(0n, 8)),
  patched('2^60 metadata entries', (bytes) => bytes.writeBigUInt64LE(1n << 60n, 16)),
  patched('no metadata entries', (bytes) => bytes.writeBigUInt64LE(0n, 16)),
  patched('a key of 2^60 bytes', (bytes) => bytes.writeBigUInt64LE(1n << 60n, 24)),
  key('an unknown value type', 'general.architecture', (bytes, at) => bytes.writeUInt32LE(77, at)),
  key('a value of 2^62 bytes', 'general.architecture', (bytes, at) => bytes.writeBigUInt64LE(1n << 62n, at + 4)),
  key('an unknown architecture', 'general.architecture', (bytes, at) => bytes.write('lambo', at + 12), 'lambo'),
  key('tokens: a list of lists', 'tokenizer.ggml.tokens', (bytes, at) => bytes.writeUInt32LE(9, at + 4)),
  key('tokens: 2^60 of them', 'tokenizer.ggml.tokens', (bytes, at) => bytes.writeBigUInt64LE(1n << 60n, at + 8)),
  key('tokens: one text of 2^60 bytes', 'tokenizer.ggml.tokens', (bytes, at) =>
    bytes.writeBigUInt64LE(1n << 60n, at + 16),
  ),
  key('layers: 0', blocks, (bytes, at) => bytes.writeUInt32LE(0, at + 4), 'block_count'),
  key('layers: 4 billion', blocks, (bytes, at) => bytes.writeUInt32LE(0xffff_ffff, at + 4), 'block_count'),
  key('layers: one more than there are', blocks, (bytes, at) => bytes.writeUInt32LE(3, at + 4)),
  key('layers: a fraction', blocks, (bytes, at) => bytes.writeUInt32LE(6, at), 'block_count'),
  key('width: 0', 'llama.embedding_length', (bytes, at) => bytes.writeUInt32LE(0, at + 4), 'embedding_length'),
  key('heads: 5', 'llama.attention.head_count', (bytes, at) => bytes.writeUInt32LE(5, at + 4)),
  key('an alignment key is spelled wrong', blocks, (bytes, at) => bytes.write('blocc_count', at - 11)),
  tensor('a tensor of no extents', query, (bytes, at) => bytes.writeUInt32LE(0, at)),
  tensor('a tensor of 40 extents', query, (bytes, at) => bytes.writeUInt32LE(40, at)),
  tensor('an extent of 0', query, (bytes, at) => bytes.writeBigUInt64LE(0n, at + 4)),
  tensor('an extent of 2^62', query, (bytes, at) => bytes.writeBigUInt64LE(1n << 62n, at + 4)),
  tensor('extents whose product overflows', query, (bytes, at) => {
    bytes.writeBigUInt64LE(1n << 32n, at + 4);
    bytes.writeBigUInt64LE(1n << 32n, at + 12);
  }),
  tensor('extents that are no whole blocks', query, (bytes, at) => bytes.writeBigUInt64LE(33n, at + 4)),
  tensor('extents of another matrix', query, (bytes, at) => bytes.writeBigUInt64LE(32n, at + 12)),
  tensor('an unknown type', query, (bytes, at) => bytes.writeUInt32LE(250, at + 20)),
  tensor('a type that is not supported', query, (bytes, at) => bytes.writeUInt32LE(16, at + 20)),
  tensor('an offset beyond the file', query, (bytes, at) => bytes.writeBigUInt64LE(1n << 40n, at + 24)),
  tensor('an offset of 2^63', query, (bytes, at) => bytes.writeBigUInt64LE(1n << 63n, at + 24)),
  tensor('an offset that is not aligned', query, (bytes, at) =>
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + 24) + 3n, at + 24),
  ),
  tensor('a tensor name that nobody knows', query, (bytes, at) => bytes.write('blk.0.attn_z.weight', at - 19)),
  tensor('a tensor twice', query, (bytes, at) => bytes.write('blk.1.attn_q.weight', at - 19)),
  patched('every block is NaN', (bytes) => bytes.fill(0xff, bytes.length - 40_000)),
  written('metadata alone', { 'general.architecture': architecture }, []),
  written('no architecture', { 'general.name': { type: 'string', value: 'x' } }, [one]),
  written('architecture is a number', { 'general.architecture': { type: 'uint32', value: 7 } }, [one]),
  written('nothing but an embedding', { 'general.architecture': architecture }, [one]),
  written(
    'alignment 0',
    { 'general.architecture': architecture, 'general.alignment': { type: 'uint32', value: 0 } },
    [one],
    'alignment',
  ),
  written(
    'alignment 3',
    { 'general.architecture': architecture, 'general.alignment': { type: 'uint32', value: 3 } },
    [one],
    'alignment',
  ),
  written('two tensors of one name', { 'general.architecture': architecture }, [one, one], 'token_embd.weight'),
  written(
    'a part of a split file',
    {
      'general.architecture': architecture,
      'split.count': { type: 'uint32', value: 3 },
      'split.no': { type: 'uint32', value: 1 },
    },
    [one],
  ),
];
