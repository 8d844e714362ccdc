/** What each writer says of its part of an index: which shard of the work it had, what it wrote, whether it was done. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../data/writeFile';
import { inputError, UserError } from '../protocol/errors';
import type { JsonObject } from '../protocol/json';
import { version } from '../protocol/version';
import { readStoredJson, writeStoredJson } from './storedJson';
import { personName } from './writerIdentity';

const segmentSchema = 'whence.segment/1';

/** Part `index` (from 0) of `count` that the rows are split into. */
export interface ShardAssignment {
  readonly index: number;
  readonly count: number;
}

/**
 * Rows [from, to) of part `index` when `rows` are split into `count`: ranges in one piece, so that they are read back in
 * one piece too.
 */
export function shardRange(
  rows: number,
  { index, count }: ShardAssignment,
): { readonly from: number; readonly to: number } {
  return { from: Math.floor((rows * index) / count), to: Math.floor((rows * (index + 1)) / count) };
}

/** The part that a row belongs to: the inverse of {@link shardRange}. */
export function shardOfRow(row: number, rows: number, count: number): number {
  // The least index whose range ends after the row: floor(rows (index + 1) / count) >= row + 1.
  return Math.ceil(((row + 1) * count) / rows) - 1;
}

export interface WriterSegment {
  readonly writer: string;
  readonly who: string;
  readonly assignment: ShardAssignment | undefined;
  /** Shard files this writer wrote, by name. */
  readonly shards: readonly string[];
  /** Shard files whose rows this writer wrote again and then removed. */
  readonly replaced: readonly string[];
  readonly finished: boolean;
  /** ISO 8601. */
  readonly updated: string;
}

export function newSegment(writer: string, assignment: ShardAssignment | undefined): WriterSegment {
  const updated = new Date().toISOString();
  return { writer, who: personName(), assignment, shards: [], replaced: [], finished: false, updated };
}

const segmentsFolder = (indexFolder: string): string => path.join(indexFolder, 'segments');

export async function writeSegment(indexFolder: string, segment: WriterSegment): Promise<void> {
  makeFolder(segmentsFolder(indexFolder));
  const { assignment, writer, who, shards, replaced, finished } = segment;
  const content: JsonObject = {
    schema: segmentSchema,
    version,
    writer,
    who,
    assignment: assignment === undefined ? null : { index: assignment.index, count: assignment.count },
    shards: [...shards],
    replaced: [...replaced],
    finished,
    updated: new Date().toISOString(),
  };
  await writeStoredJson(path.join(segmentsFolder(indexFolder), `${writer}.json`), content);
}

/** All segments; damaged ones as errors. */
export function readSegments(indexFolder: string): readonly (WriterSegment | UserError)[] {
  const folder = segmentsFolder(indexFolder);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && name.endsWith('.json'))
    .sort()
    .map((name) => readSegment(path.join(folder, name)));
}

function readSegment(file: string): WriterSegment | UserError {
  const value = readStoredJson(file);
  if (value instanceof UserError) return value;
  const { schema, writer, who, assignment, shards, replaced, finished, updated } = value;
  if (schema !== segmentSchema || typeof writer !== 'string' || !isNames(shards) || !isNames(replaced)) {
    return inputError(
      'segment-damaged',
      `${file} is left out: it does not say what a writer wrote.`,
      'Delete the file; the shards themselves are still used.',
    );
  }
  return {
    writer,
    who: typeof who === 'string' ? who : 'unknown',
    assignment: readAssignment(assignment),
    shards,
    replaced,
    finished: finished === true,
    updated: typeof updated === 'string' ? updated : '',
  };
}

function isNames(value: JsonObject[string] | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function readAssignment(value: JsonObject[string] | undefined): ShardAssignment | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { index, count } = value as JsonObject;
  if (typeof index !== 'number' || typeof count !== 'number') return undefined;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count) || index < 0 || index >= count) return undefined;
  return { index, count };
}

/** Shards that a segment names, that are not there, and that nobody replaced. */
export function lostShards(indexFolder: string, segments: readonly WriterSegment[]): readonly UserError[] {
  const replaced = new Set(segments.flatMap((segment) => segment.replaced));
  return segments.flatMap(({ shards, who }) =>
    shards
      .filter((name) => !replaced.has(name) && !existsSync(path.join(indexFolder, path.basename(name))))
      .map((name) =>
        inputError(
          'shard-lost',
          `${path.join(indexFolder, name)}, written by ${who}, is gone.`,
          'Run the same command again: its rows are computed anew.',
        ),
      ),
  );
}
