import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VectorIndexSettings } from '../../../src/store/openVectorIndex';
import type { VectorIndexDescription } from '../../../src/store/vectorDescription';

/** A store's folder that is gone after `use`. */
export async function withStore<T>(use: (storeFolder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'whence-store-'));
  try {
    return await use(path.join(folder, '.whence'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function description(element: 'float16' | 'float32', width: number): VectorIndexDescription {
  return {
    kind: 'gradients',
    modelHash: 'a'.repeat(64),
    settings: { maxLength: 128 },
    element,
    columns: [
      { name: 'first', shape: [1] },
      { name: 'rest', shape: [width - 1] },
    ],
    scalars: ['norm', 'loss'],
  };
}

export const settings = (shardBytes: number): VectorIndexSettings => ({
  budgetBytes: 5e9,
  shardBytes,
  assignment: undefined,
});

/** The hash of row i of a made-up data file. */
export function rowHash(row: number): string {
  return createHash('sha256').update(`row ${row}`).digest('hex');
}

/** Row i's vector and scalars: a function of the row alone, as gradients are. */
export function rowsOf(
  rows: readonly number[],
  width: number,
): { hashes: string[]; vectors: Float32Array; scalars: Float32Array } {
  const vectors = new Float32Array(rows.length * width);
  const scalars = new Float32Array(rows.length * 2);
  for (const [at, row] of rows.entries()) {
    for (let i = 0; i < width; i += 1) vectors[at * width + i] = Math.sin(row * 131 + i * 7) * 10 ** ((row % 9) - 4);
    scalars.set([row + 0.5, -row], at * 2);
  }
  return { hashes: rows.map(rowHash), vectors, scalars };
}

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
