/**
 * Brings the parts of an index together that several processes or machines have computed, and makes sure that no row is
 * missing.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../data/writeFile';
import { inputError, UserError } from '../protocol/errors';
import type { VectorIndex } from './openVectorIndex';
import { shardName, tombstonesName } from './shardCatalogue';
import type { StoreSettings } from './storeFolder';
import { requireRoom } from './storeSize';
import { openShard, verifyShard } from './vectorShard';
import { readSegments, shardOfRow, type WriterSegment } from './writerSegment';

export interface MergeResult {
  /** Rows expected, all of which are there. */
  readonly rows: number;
  /** Files brought over from the other store. */
  readonly copied: number;
  readonly bytes: number;
  /** Files of the other store that could not be used. */
  readonly problems: readonly UserError[];
}

/** Missing rows and shards that are named one by one. */
const namedAtMost = 5;

/**
 * Copies what another store holds of the same index, then checks that every expected row is there.
 *
 * @param from another store's folder; the index's own: only the check is made
 * @param expected `encodingHash` of every row, in the order that `--shard i/n` splits
 * @throws UserError `index-incomplete`, naming what is missing and which part should have had it; `store-full`
 */
export async function mergeVectorIndex(
  index: VectorIndex,
  from: string,
  expected: readonly string[],
  settings: Pick<StoreSettings, 'budgetBytes'>,
): Promise<MergeResult> {
  const source = path.join(from, 'index', index.hash);
  const copied =
    path.resolve(source) === path.resolve(index.folder)
      ? { copied: 0, bytes: 0, problems: [] }
      : await copyIndex(index, source, settings);
  await index.refresh();
  const missing = new Set(index.missing(expected));
  if (missing.size > 0) throw incomplete(index, expected, missing, copied.problems);
  return { rows: expected.length, ...copied };
}

async function copyIndex(
  index: VectorIndex,
  source: string,
  settings: Pick<StoreSettings, 'budgetBytes'>,
): Promise<Omit<MergeResult, 'rows'>> {
  if (!existsSync(source)) {
    throw inputError(
      'index-missing',
      `${source} does not exist: that store holds no such index.`,
      'Check that it was made with the same model, data and settings.',
    );
  }
  const problems: UserError[] = [];
  let copied = 0;
  let bytes = 0;
  const names = readdirSync(source).filter((name) => shardName.test(name) || tombstonesName.test(name));
  const segments = path.join(source, 'segments');
  if (existsSync(segments)) {
    makeFolder(path.join(index.folder, 'segments'));
    names.push(
      ...readdirSync(segments)
        .filter((name) => /^[a-z0-9-]{1,120}\.json$/.test(name))
        .map((name) => path.join('segments', name)),
    );
  }
  // Shards first: a segment that comes without them would report them as lost.
  names.sort((a, b) => Number(shardName.test(b)) - Number(shardName.test(a)) || (a < b ? -1 : 1));
  for (const name of names) {
    const file = path.join(source, name);
    const status = lstatSync(file, { throwIfNoEntry: false });
    const target = path.join(index.folder, name);
    const isSegment = !shardName.test(name) && !tombstonesName.test(name);
    if (!status?.isFile() || (existsSync(target) && !isSegment)) continue;
    if (shardName.test(name)) {
      const problem = await problemOf(index, file);
      if (problem !== undefined) {
        problems.push(problem);
        continue;
      }
    }
    requireRoom(index.storeFolder, status.size, settings);
    copyWhole(file, target);
    copied += 1;
    bytes += status.size;
  }
  return { copied, bytes, problems };
}

async function problemOf(index: VectorIndex, file: string): Promise<UserError | undefined> {
  const shard = await openShard(file, index.form);
  return shard instanceof UserError ? shard : verifyShard(shard);
}

/** The copy appears whole or not at all. */
function copyWhole(file: string, target: string): void {
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(6).toString('hex')}.part`);
  try {
    copyFileSync(file, temporary);
    const descriptor = openSync(temporary, 'r+');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw inputError(
      'write-failed',
      `${file} cannot be copied to ${target} (${code}).`,
      'Free some space or check the permissions, and run it again.',
      { cause: error },
    );
  }
}

function incomplete(
  index: VectorIndex,
  expected: readonly string[],
  missing: ReadonlySet<string>,
  problems: readonly UserError[],
): UserError {
  const rows = expected.flatMap((hash, row) => (missing.has(hash) ? [row] : []));
  const first = rows.slice(0, namedAtMost).join(', ');
  const segments = readSegments(index.folder).flatMap((segment) => (segment instanceof UserError ? [] : [segment]));
  const details = [
    ...describeParts(rows, expected.length, segments),
    ...[...problems, ...index.problems].map(({ message }) => message),
  ];
  return inputError(
    'index-incomplete',
    `${index.folder} lacks ${rows.length} of ${expected.length} rows, the first of them ${first} (0-based). ${details.slice(0, namedAtMost).join(' ')}`.trim(),
    'Run the command again for those shards: only the missing rows are computed.',
  );
}

/** Which parts of the work the missing rows belong to, where it was split in one way. */
function describeParts(rows: readonly number[], total: number, segments: readonly WriterSegment[]): readonly string[] {
  const counts = new Set(segments.flatMap(({ assignment }) => (assignment === undefined ? [] : [assignment.count])));
  const [count] = counts;
  if (count === undefined || counts.size > 1) return [];
  const missingOf = new Map<number, number>();
  for (const row of rows) {
    const part = shardOfRow(row, total, count);
    missingOf.set(part, (missingOf.get(part) ?? 0) + 1);
  }
  return [...missingOf].map(([part, missing]) => {
    const writers = segments.filter(({ assignment }) => assignment?.index === part);
    const state =
      writers.length === 0
        ? 'nothing was written for it'
        : writers.some(({ finished }) => finished)
          ? 'it was finished, on other rows or by files that are gone'
          : `${writers.at(-1)!.who} has not finished it`;
    return `Shard ${part}/${count} lacks ${missing} rows: ${state}.`;
  });
}
