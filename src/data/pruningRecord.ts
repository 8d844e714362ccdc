/** The record that a pruned adapter or model carries: what was done, to what, on what grounds, and how to take it back. */
import path from 'node:path';
import { inputError } from '../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';
import { type JsonLimits, readJsonObject } from './boundedJson';

export const pruningRecordName = 'whence-pruning.json';
/** `NAME.indices` (int32, row-major entry numbers) and `NAME.values` (float32) of every matrix: what was set to zero. */
export const prunedValuesName = 'whence-pruning.safetensors';
export const pruningRecordSchema = 'whence.pruned/1';

const limits: JsonLimits = { maximumBytes: 64 << 20, maximumDepth: 64, maximumValues: 4_000_000 };

export interface HashedFile {
  /** A plain file name in the folder. */
  readonly name: string;
  readonly sha256: string;
}

export interface PruningRecord {
  readonly form: 'adapter' | 'model';
  readonly alpha: number;
  readonly mask: string;
  readonly pruned: number;
  readonly entries: number;
  /** Files of the folder beside the record itself. */
  readonly files: readonly HashedFile[];
  readonly from: {
    readonly label: string;
    /** Absolute folder of the original adapter, or folder or file of the original model. */
    readonly path: string;
    readonly tunedHash: string;
    /** Absolute paths. */
    readonly files: readonly HashedFile[];
  };
  /** Of an adapter: SHA-256 over its tensors by name in float32, as they were before. null: a model. */
  readonly valuesHash: string | null;
  /** What of the proposal was kept: settings, figures, rows. */
  readonly proposal: JsonObject;
}

/** @throws UserError `not-pruned`, `pruning-record-damaged` */
export function readPruningRecord(folder: string): PruningRecord {
  const file = path.join(folder, pruningRecordName);
  const value = readJsonObject(file, limits);
  const { schema, form, alpha, mask, pruned, entries, files, from, valuesHash, proposal } = value;
  if (schema !== pruningRecordSchema) throw damaged(file, `its schema is not ${pruningRecordSchema}`);
  if (form !== 'adapter' && form !== 'model') throw damaged(file, 'form is neither adapter nor model');
  if (typeof alpha !== 'number' || typeof mask !== 'string') throw damaged(file, 'alpha or mask is missing');
  if (!isCount(pruned) || !isCount(entries)) throw damaged(file, 'its counts are missing');
  if (!isJsonObject(from) || !isJsonObject(proposal)) throw damaged(file, 'from or proposal is missing');
  if (typeof from.label !== 'string' || typeof from.path !== 'string' || typeof from.tunedHash !== 'string')
    throw damaged(file, 'from does not say where it came from');
  if (valuesHash !== null && typeof valuesHash !== 'string') throw damaged(file, 'valuesHash is no text');
  return {
    form,
    alpha,
    mask,
    pruned,
    entries,
    files: hashedFiles(file, files, 'plain'),
    from: {
      label: from.label,
      path: from.path,
      tunedHash: from.tunedHash,
      files: hashedFiles(file, from.files, 'absolute'),
    },
    valuesHash: valuesHash ?? null,
    proposal,
  };
}

function isCount(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A record is hostile input: what it names is deleted, so names must stay inside the folder. */
function hashedFiles(file: string, value: JsonValue | undefined, kind: 'plain' | 'absolute'): HashedFile[] {
  if (!Array.isArray(value) || value.length > 10_000) throw damaged(file, 'its list of files is missing');
  return (value as readonly JsonValue[]).map((item) => {
    if (!isJsonObject(item)) throw damaged(file, 'its list of files holds something else');
    const { name, sha256 } = item;
    if (typeof name !== 'string' || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
      throw damaged(file, 'a file has no name or hash');
    const fits = kind === 'absolute' ? path.isAbsolute(name) : /^[\w.-]+$/.test(name) && name !== '.' && name !== '..';
    if (!fits) throw damaged(file, `"${name.slice(0, 100)}" is no name of a file of its own`);
    return { name, sha256 };
  });
}

function damaged(file: string, problem: string) {
  return inputError(
    'pruning-record-damaged',
    `${file} is no record of a pruning: ${problem}.`,
    'Name a folder that `whence prune apply` wrote.',
  );
}
