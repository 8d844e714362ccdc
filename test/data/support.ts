import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type DataLimits, dataLimits } from '../../src/data/limits';
import { readRows } from '../../src/data/readRows';
import type { Row, RowProblem } from '../../src/data/types';

export const fixtures = path.join('test', 'fixtures', 'data');

/** All rows and problems of a file. */
export async function readAll(file: string, limits: DataLimits = dataLimits) {
  const rows: Row[] = [];
  const problems: RowProblem[] = [];
  for await (const batch of readRows(file, { file, limits })) {
    rows.push(...batch.rows);
    problems.push(...batch.problems);
  }
  return { rows, problems };
}

/** Runs with a fresh folder, removed afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'whence-data-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes a file, reads all of it, removes it. */
export async function readContent(name: string, content: string | Uint8Array, limits: DataLimits = dataLimits) {
  return withFolder(async (folder) => {
    const file = path.join(folder, name);
    await writeFile(file, content);
    const { rows, problems } = await readAll(file, limits);
    return { rows, problems, messages: problems.map(({ message }) => message.replaceAll(file, name)) };
  });
}
