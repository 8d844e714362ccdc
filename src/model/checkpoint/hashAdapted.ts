import { createHash } from 'node:crypto';
import type { LoraAdapter } from './types';

/**
 * SHA-256 (hex) of a model with what an adapter adds to it or replaces: what vectors computed with it depend on.
 *
 * @param baseHash as `hashCheckpoint` gives it
 */
export function hashAdapted(baseHash: string, adapter: LoraAdapter | undefined): string {
  if (adapter === undefined) return baseHash;
  const hash = createHash('sha256').update(`whence-adapted-hash/1 ${baseHash}`);
  for (const [module, { a, b, scaling }] of [...adapter.modules].sort(byName)) {
    hash.update(JSON.stringify([module, scaling, a.shape, b.shape]));
    hash.update(bytesOf(a.data)).update(bytesOf(b.data));
  }
  for (const [name, { shape, data }] of [...adapter.replaced].sort(byName)) {
    hash.update(JSON.stringify([name, shape])).update(bytesOf(data));
  }
  return hash.digest('hex');
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
