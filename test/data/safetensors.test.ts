import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readSafetensorsHeader } from '../../src/data/safetensors/safetensorsHeader';
import { float32Tensor, pyTorchMetadata, writeSafetensors } from '../../src/data/safetensors/writeSafetensors';
import { checkFinite, readTensorFloat32 } from '../../src/model/checkpoint/readTensor';
import { UserError } from '../../src/protocol/errors';

const folder = 'test/fixtures/safetensors-forms';

interface Form {
  readonly expect?: 'refuse';
  readonly tensors?: Record<string, { dtype: string; shape: number[]; values: (number | string | boolean)[] }>;
}
const forms: Record<string, Form> = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8'));

describe('safetensors', () => {
  for (const [name, form] of Object.entries(forms)) {
    if (form.expect === 'refuse') {
      it(`${name} is refused with a message that names it`, async () => {
        await assert.rejects(readSafetensorsHeader(`${folder}/${name}`), (error) => {
          assert.ok(error instanceof UserError);
          assert.equal(error.kind, 'badInput');
          assert.match(error.message, new RegExp(name));
          if (name.includes('lfs')) assert.match(error.message, /Git LFS pointer/);
          return true;
        });
      });
      continue;
    }
    it(`${name}: shapes agree, and floating-point values are exact`, async () => {
      const { tensors } = await readSafetensorsHeader(`${folder}/${name}`);
      assert.deepEqual([...tensors.keys()].sort(), Object.keys(form.tensors!).sort());
      for (const [tensorName, expected] of Object.entries(form.tensors!)) {
        const location = tensors.get(tensorName)!;
        assert.deepEqual(location.shape, expected.shape);
        if (!['F64', 'F32', 'F16', 'BF16'].includes(location.dtype)) {
          await assert.rejects(readTensorFloat32(location), { code: 'tensor-type-unsupported' });
          continue;
        }
        const values = await readTensorFloat32(location);
        // Float32Array.from rounds float64 values once, as the reader must; Object.is also tells -0 from 0.
        const wanted = Float32Array.from(expected.values.map(Number));
        assert.equal(values.length, wanted.length);
        values.forEach((value, index) => {
          assert.ok(Object.is(value, wanted[index]), `${tensorName}[${index}]: ${value} instead of ${wanted[index]}`);
        });
      }
    });
  }

  it('NaN and infinite values are counted', () => {
    const values = Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, 1e-45);
    assert.deepEqual(checkFinite(values), { nan: 1, infinite: 2 });
  });

  describe('writing', () => {
    let scratch: string;
    beforeEach(() => {
      scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-safetensors-'));
    });
    afterEach(() => rmSync(scratch, { recursive: true }));

    it('gives the very bytes that the reference implementation writes', async () => {
      const original = 'test/fixtures/models/gpt2/model.safetensors';
      const { tensors } = await readSafetensorsHeader(original);
      const copies = [...tensors.values()].reverse().map((location) => ({
        name: location.name,
        dtype: 'F32' as const,
        shape: location.shape,
        read: () => readTensorFloat32(location),
      }));
      await writeSafetensors(path.join(scratch, 'copy.safetensors'), copies, pyTorchMetadata);
      assert.ok(readFileSync(path.join(scratch, 'copy.safetensors')).equals(readFileSync(original)));
    });

    it('an error half-way leaves the old file and nothing else', async () => {
      const file = path.join(scratch, 'a.safetensors');
      await writeSafetensors(file, [float32Tensor('a', [2], Float32Array.of(1, 2))], pyTorchMetadata);
      const before = readFileSync(file);
      const failing = {
        ...float32Tensor('b', [1], new Float32Array(1)),
        read: () => Promise.reject(new Error('gone')),
      };
      const tensors = [float32Tensor('a', [2], Float32Array.of(3, 4)), failing];
      await assert.rejects(writeSafetensors(file, tensors, pyTorchMetadata), /gone/);
      assert.ok(readFileSync(file).equals(before));
      assert.deepEqual(readdirSync(scratch), ['a.safetensors']);
    });

    it('a folder that is not there is named', async () => {
      const file = path.join(scratch, 'absent', 'a.safetensors');
      await assert.rejects(writeSafetensors(file, [], pyTorchMetadata), { code: 'write-failed' });
    });

    it('data begin at a multiple of 8 whatever the names', async () => {
      for (const name of ['a', 'ab', 'naïve.名前', '__proto__', '7']) {
        const file = path.join(scratch, 'a.safetensors');
        await writeSafetensors(file, [float32Tensor(name, [1], Float32Array.of(5))], {});
        const location = (await readSafetensorsHeader(file)).tensors.get(name)!;
        assert.equal(location.offset % 8, 0);
        assert.deepEqual(await readTensorFloat32(location), Float32Array.of(5));
      }
    });
  });
});
