/** The identity of a model: SHA-256 over its config and every stored byte of its tensors, however they are split into files. */
import { createHash, type Hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readExactly, withFile } from '../../data/fileAccess';
import { canonicalJson } from '../../data/hash';
import { makeFolder, writeTextAtomically } from '../../data/writeFile';
import { cacheKey } from './cacheKey';
import type { Checkpoint, StoredTensor } from './types';

const hashVersion = 'whence-model-hash/1';
const chunkBytes = 4 << 20;

/** Hex. Remembered in `cacheFolder` under path, size and time of the files, so that unchanged files are read once. */
export async function hashCheckpoint(checkpoint: Checkpoint, cacheFolder: string): Promise<string> {
  const folder = path.join(cacheFolder, 'hashes');
  const file = path.join(folder, cacheKey(hashVersion, checkpoint.sourceFiles));
  if (existsSync(file)) {
    const known = readFileSync(file, 'latin1').trim();
    if (/^[0-9a-f]{64}$/.test(known)) return known;
  }
  const hash = createHash('sha256').update(canonicalJson(checkpoint.config));
  for (const [name, tensor] of [...checkpoint.tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await new Promise((resolve) => setImmediate(resolve));
    addTensor(hash, name, tensor);
  }
  const digest = hash.digest('hex');
  makeFolder(folder);
  await writeTextAtomically(file, `${digest}\n`);
  return digest;
}

function addTensor(hash: Hash, name: string, tensor: StoredTensor): void {
  const { file, offset, byteLength, shape } = tensor.kind === 'plain' ? tensor.location : tensor;
  const type = tensor.kind === 'plain' ? tensor.location.dtype : `gguf ${tensor.type} ${JSON.stringify(tensor.layout)}`;
  hash.update(JSON.stringify([name, type, shape, byteLength]));
  withFile(file, (open) => {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, byteLength));
    for (let done = 0; done < byteLength; done += buffer.length) {
      const chunk = buffer.subarray(0, Math.min(buffer.length, byteLength - done));
      readExactly(open, chunk, offset + done);
      hash.update(chunk);
    }
  });
}

/** JSON with sorted keys, so that the order in `config.json` does not count. */
