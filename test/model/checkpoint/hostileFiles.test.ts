import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { readSafetensorsHeader } from '../../../src/data/safetensors/safetensorsHeader';
import { readGgufHeader } from '../../../src/model/checkpoint/gguf/readGgufHeader';
import { readGgufTokenizerMetadata } from '../../../src/model/checkpoint/gguf/readGgufTokenizerMetadata';
import { readLoraAdapter } from '../../../src/model/checkpoint/lora/readLoraAdapter';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { readStoredTensor } from '../../../src/model/checkpoint/readStoredTensor';
import { readTensorFloat32 } from '../../../src/model/checkpoint/readTensor';
import { UserError } from '../../../src/protocol/errors';
import { encodeGguf } from '../../support/writeGguf';

/** Either it works or it says what is wrong with the file; anything else is a fault of ours. */
async function worksOrExplains(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    assert.ok(error instanceof UserError, `${error instanceof Error ? error.stack : error}`);
    assert.ok(error.message.length > 0 && error.message.length < 5000 && error.next.length > 0);
  }
}

/** Changes to a file's first bytes: overwritten stretches and a cut. */
const damage = (length: number) =>
  fc.record({
    edits: fc.array(fc.record({ at: fc.nat(length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }) }), {
      maxLength: 4,
    }),
    cut: fc.option(fc.nat(length), { nil: length }),
  });

function applyDamage(bytes: Uint8Array, { edits, cut }: { edits: { at: number; bytes: Uint8Array }[]; cut: number }) {
  const copy = Uint8Array.from(bytes);
  for (const edit of edits) copy.set(edit.bytes.subarray(0, copy.length - edit.at), edit.at);
  return cut >= bytes.length ? copy : copy.subarray(0, cut);
}

describe('hostile files', () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-hostile-'));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  function place(name: string, bytes: Uint8Array | string): string {
    const file = path.join(scratch, name);
    writeFileSync(file, bytes);
    return file;
  }

  async function readAllTensors(model: string): Promise<void> {
    for (const tensor of (await openCheckpoint(model)).tensors.values()) await readStoredTensor(tensor);
  }

  it('damaged safetensors files are read or refused, never more', async () => {
    const original = readFileSync('test/fixtures/safetensors-forms/all-types.safetensors');
    await fc.assert(
      fc.asyncProperty(damage(original.length), async (change) => {
        const file = place('a.safetensors', applyDamage(original, change));
        await worksOrExplains(async () => {
          for (const location of (await readSafetensorsHeader(file)).tensors.values()) {
            await worksOrExplains(() => readTensorFloat32(location));
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('damaged GGUF files are read or refused, never more', async () => {
    const original = readFileSync('test/fixtures/gguf/tensors-k-quants.gguf');
    const withTokenizer = readFileSync('test/fixtures/gguf/llama-Q4_0.gguf');
    for (const bytes of [original, withTokenizer]) {
      // Most edits go to the header, where the lengths, counts and types are.
      await fc.assert(
        fc.asyncProperty(fc.oneof(damage(900), damage(bytes.length)), async (change) => {
          const whole = change.cut < 900 ? change : { ...change, cut: bytes.length };
          const file = place('a.gguf', applyDamage(bytes, whole));
          await worksOrExplains(() => readAllTensors(file));
          await worksOrExplains(() => readGgufTokenizerMetadata(file));
        }),
        { numRuns: 150 },
      );
    }
  });

  it('damaged configs, indexes and adapters are read or refused, never more', async () => {
    const model = 'test/fixtures/checkpoint-forms/plain';
    const adapter = 'test/fixtures/adapters/layers';
    const shapes = new Map([['model.layers.0.self_attn.q_proj.weight', [48, 48]]]);
    const config = readFileSync(`${model}/config.json`);
    const adapterConfig = readFileSync(`${adapter}/adapter_config.json`);
    place('model.safetensors', readFileSync(`${model}/model.safetensors`));
    place('adapter_model.safetensors', readFileSync(`${adapter}/adapter_model.safetensors`));
    await fc.assert(
      fc.asyncProperty(damage(config.length), damage(adapterConfig.length), async (first, second) => {
        place('config.json', applyDamage(config, first));
        place('adapter_config.json', applyDamage(adapterConfig, second));
        await worksOrExplains(() => openCheckpoint(scratch));
        await worksOrExplains(() => readLoraAdapter(scratch, shapes));
      }),
      { numRuns: 150 },
    );
  });

  it('any JSON in the place of a config, an index or an adapter config is read or refused', async () => {
    place('model.safetensors.index.json', '{}');
    place('adapter_model.safetensors', readFileSync('test/fixtures/adapters/layers/adapter_model.safetensors'));
    const keys = ['model_type', 'weight_map', 'r', 'lora_alpha', 'target_modules', 'rank_pattern', 'bias', 'peft_type'];
    const object = fc.dictionary(fc.constantFrom(...keys, 'modules_to_save', 'layers_to_transform'), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(object, async (value) => {
        place('config.json', JSON.stringify({ model_type: 'llama', ...value }));
        place('model.safetensors.index.json', JSON.stringify(value));
        place('adapter_config.json', JSON.stringify({ peft_type: 'LORA', ...value }));
        await worksOrExplains(() => openCheckpoint(scratch));
        await worksOrExplains(() => readLoraAdapter(scratch, new Map([['lm_head.weight', [4, 4]]])));
      }),
      { numRuns: 200 },
    );
  });

  function safetensors(header: string, dataBytes = 0): Buffer {
    const text = Buffer.from(header);
    const bytes = Buffer.alloc(8 + text.length + dataBytes);
    bytes.writeBigUInt64LE(BigInt(text.length));
    text.copy(bytes, 8);
    return bytes;
  }
  const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') =>
    JSON.stringify({ dtype, shape, data_offsets: offsets });

  const headers: Record<string, Buffer> = {
    'a hole': safetensors(`{"a":${entry([1], [4, 8])}}`, 8),
    'an overlap': safetensors(`{"a":${entry([1], [0, 4])},"b":${entry([1], [2, 6])}}`, 6),
    'bytes after the last tensor': safetensors(`{"a":${entry([1], [0, 4])}}`, 5),
    'a name twice': safetensors(`{"a":${entry([1], [0, 4])},"a":${entry([1], [0, 4])}}`, 4),
    'a name twice, once escaped': safetensors(`{"a":${entry([1], [0, 4])},"\\u0061":${entry([1], [0, 4])}}`, 4),
    'a negative length': safetensors(`{"a":${entry([-1], [0, 4])}}`, 4),
    'a broken length': safetensors(`{"a":${entry([0.5, 2], [0, 4])}}`, 4),
    'a shape whose product overflows': safetensors(`{"a":${entry([2 ** 52, 2 ** 52], [0, 4])}}`, 4),
    'an enormous shape and offset': safetensors(`{"a":${entry([2 ** 50], [0, 2 ** 52])}}`, 4),
    'three offsets': safetensors(`{"a":${entry([1], [0, 4, 4])}}`, 4),
    'offsets that are texts': safetensors(`{"a":${entry([1], ['0', '4'])}}`, 4),
    'a type from the prototype': safetensors(`{"a":${entry([1], [0, 4], 'constructor')}}`, 4),
    'an entry that is a list': safetensors('{"a":[]}'),
    'metadata that are no texts': safetensors('{"__metadata__":{"a":1}}'),
    'a list for a header': safetensors('[]'),
    'a deep header': safetensors(`{"a":${'['.repeat(1_000_000)}`),
    'a header that is not UTF-8': Buffer.concat([safetensors('{"aaaa":1}').subarray(0, 10), Buffer.alloc(8, 0xff)]),
    'an empty file': Buffer.alloc(0),
    'seven bytes': Buffer.alloc(7),
    'a header length of 2^64 - 1': Buffer.alloc(64, 0xff),
    'a header of 99 MB in a small file': Buffer.concat([safetensors('{}').fill(0, 0, 8), Buffer.alloc(100)]).fill(
      5,
      3,
      4,
    ),
  };
  for (const [what, bytes] of Object.entries(headers)) {
    it(`safetensors with ${what}: refused`, async () => {
      const file = place('a.safetensors', bytes);
      await assert.rejects(readSafetensorsHeader(file), { name: 'UserError', kind: 'badInput' });
    });
  }

  it('names from the prototype are ordinary names', async () => {
    const file = place(
      'a.safetensors',
      safetensors(`{"__proto__":${entry([1], [0, 4])},"constructor":${entry([1], [4, 8])}}`, 8),
    );
    assert.deepEqual([...(await readSafetensorsHeader(file)).tensors.keys()], ['__proto__', 'constructor']);
  });

  it('a tensor of a terabyte in a file with a hole is refused, not allocated', async () => {
    const file = place('a.safetensors', safetensors(`{"a":${entry([2 ** 38], [0, 2 ** 40])}}`));
    truncateSync(file, readFileSync(file).length + 2 ** 40);
    const location = (await readSafetensorsHeader(file)).tensors.get('a')!;
    await assert.rejects(readTensorFloat32(location), { code: 'tensor-too-large' });
  });

  it('a file cut after it was opened is refused', async () => {
    const file = place('a.safetensors', readFileSync('test/fixtures/models/gpt2/model.safetensors'));
    const locations = [...(await readSafetensorsHeader(file)).tensors.values()];
    truncateSync(file, 10_000);
    await assert.rejects(readTensorFloat32(locations.at(-1)!), { code: 'file-truncated' });
  });

  const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  const u64 = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);
  const preamble = (tensors: bigint, keys: bigint) => [Buffer.from('GGUF'), u32(3), u64(tensors), u64(keys)];
  const key = (name: string) => Buffer.concat([u64(BigInt(name.length)), Buffer.from(name)]);
  const empty = Buffer.alloc(200);
  const ggufs: Record<string, Uint8Array> = {
    'too many tensors': Buffer.concat([...preamble(2n ** 40n, 0n), empty]),
    'too many keys': Buffer.concat([...preamble(0n, 2n ** 63n), empty]),
    'an endless key': Buffer.concat([...preamble(0n, 1n), u64(2n ** 50n), empty]),
    'an endless text': Buffer.concat([...preamble(0n, 1n), key('a'), u32(8), u64(2n ** 60n), empty]),
    'an endless list': Buffer.concat([...preamble(0n, 1n), key('a'), u32(9), u32(0), u64(2n ** 45n), empty]),
    'a list of lists without end': Buffer.concat([
      ...preamble(0n, 1n),
      key('a'),
      u32(9),
      ...Array.from({ length: 2000 }, () => Buffer.concat([u32(9), u64(1n)])),
      empty,
    ]),
    'an unknown value type': Buffer.concat([...preamble(0n, 1n), key('a'), u32(99), empty]),
    'a key twice': Buffer.concat([
      ...preamble(0n, 2n),
      key('a'),
      u32(0),
      Buffer.of(1),
      key('a'),
      u32(0),
      Buffer.of(1),
      empty,
    ]),
    'version 1': Buffer.concat([Buffer.from('GGUF'), u32(1), empty]),
    'the other byte order': Buffer.concat([Buffer.from('GGUF'), Buffer.of(0, 0, 0, 3), empty]),
    'another beginning': Buffer.concat([Buffer.from('GGML'), u32(3), empty]),
    'nothing in it': Buffer.alloc(0),
    'a tensor of 2^62 elements': encodeGguf({}, [{ name: 'a', shape: [2 ** 31, 2 ** 31], type: 0, bytes: empty }]),
    'five dimensions': encodeGguf({}, [{ name: 'a', shape: [1, 1, 1, 1, 1], type: 0, bytes: empty }]),
    'rows that are no whole blocks': encodeGguf({}, [{ name: 'a', shape: [2, 31], type: 2, bytes: empty }]),
    'a tensor beyond the end': encodeGguf({}, [{ name: 'a', shape: [1000], type: 0, bytes: empty }]),
    'a tensor twice': encodeGguf(
      {},
      [1, 2].map(() => ({ name: 'a', shape: [1], type: 0, bytes: new Uint8Array(4) })),
    ),
    'tensors that overlap': encodeGguf(
      {},
      ['a', 'b'].map((name) => ({ name, shape: [16], type: 0, bytes: new Uint8Array(32) })),
    ),
    'an alignment of 0': encodeGguf({ 'general.alignment': { type: 'uint32', value: 0 } }, []),
    'an alignment of 7': encodeGguf({ 'general.alignment': { type: 'uint32', value: 7 } }, []),
  };
  for (const [what, bytes] of Object.entries(ggufs)) {
    it(`GGUF with ${what}: refused`, async () => {
      const file = place('a.gguf', bytes);
      await assert.rejects(readGgufHeader(file), { name: 'UserError', kind: 'badInput' });
    });
  }

  it('absurd metadata are refused', async () => {
    for (const layers of [0, 4_000_000_000]) {
      const metadata = {
        'general.architecture': { type: 'string', value: 'gemma2' },
        'gemma2.block_count': { type: 'uint32', value: layers },
        'gemma2.attention.head_count': { type: 'uint32', value: 3 },
        'gemma2.embedding_length': { type: 'uint32', value: 8 },
      } as const;
      await assert.rejects(openCheckpoint(place('a.gguf', encodeGguf(metadata, []))), { code: 'gguf-config' });
    }
  });

  it('a folder, a pipe and a missing file in the place of a file are refused', async () => {
    mkdirSync(path.join(scratch, 'folder'));
    await assert.rejects(readSafetensorsHeader(path.join(scratch, 'folder')), { name: 'UserError' });
    await assert.rejects(openCheckpoint(path.join(scratch, 'absent')), { code: 'model-missing' });
    await assert.rejects(openCheckpoint(`${place('plain', 'x')}/below`), { name: 'UserError' });
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [path.join(scratch, 'pipe')]);
    await assert.rejects(readSafetensorsHeader(path.join(scratch, 'pipe')), { code: 'not-a-file' });
  });
});
