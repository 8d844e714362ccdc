/** Reads all segments of the lineage, checks every hash and link, and merges them in order of time. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { decodeUtf8, parseBoundedJson } from '../data/boundedJson';
import { type OpenFile, readExactly, withFile } from '../data/fileAccess';
import { inputError, UserError } from '../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';
import { entryHash, type LineageEntry, type LineageFile, maximumEntryBytes } from './lineageEntry';

const maximumSegmentBytes = 512 << 20;
const entryLimits = { maximumBytes: maximumEntryBytes, maximumDepth: 64, maximumValues: 1_000_000 };
const newline = 0x0a;

/** A place where the chain is broken. */
export interface LineageProblem {
  readonly file: string;
  /** 1-based; 0: the whole file. */
  readonly line: number;
  readonly message: string;
}

export interface Lineage {
  /** In order of time, each segment in its own order. */
  readonly entries: readonly LineageEntry[];
  /** Empty: every hash and link is as it was written. */
  readonly problems: readonly LineageProblem[];
  /** The last entry's hash of each segment. */
  readonly heads: ReadonlyMap<string, string>;
}

interface Placed {
  readonly entry: LineageEntry;
  readonly file: string;
  readonly line: number;
  /** Time of the latest entry up to this one: clocks may be set back, the order of a segment may not. */
  readonly order: string;
}

/** Never throws for what is in the files: damage is in `problems`. */
export function readLineage(storeFolder: string): Lineage {
  const folder = path.join(storeFolder, 'lineage');
  const problems: LineageProblem[] = [];
  const placed: Placed[] = [];
  const heads = new Map<string, string>();
  for (const name of segmentNames(folder)) {
    const file = path.join(folder, name);
    const segment = readSegment(file, problems);
    placed.push(...segment);
    const last = segment.at(-1);
    if (last !== undefined) heads.set(name.slice(0, -'.jsonl'.length), last.entry.hash);
  }
  const known = new Set(placed.map(({ entry }) => entry.hash));
  for (const { entry, file, line } of placed) {
    const gone = [...entry.seen, ...entry.parents].filter((hash) => !known.has(hash));
    if (gone.length === 0) continue;
    const message = `it follows ${gone.length} entries that are gone, the first of them ${gone[0]!.slice(0, 12)}`;
    problems.push({ file, line, message });
  }
  placed.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  return { entries: placed.map(({ entry }) => entry), problems, heads };
}

function segmentNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.') && name.endsWith('.jsonl'))
      .sort();
  } catch (error) {
    // Nothing was recorded yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Where the last whole line ends: what follows was being written by a process that was killed. */
export function endOfLastLine(open: OpenFile): number {
  const buffer = new Uint8Array(64 << 10);
  for (let end = open.size; end > 0; ) {
    const start = Math.max(0, end - buffer.length);
    const part = buffer.subarray(0, end - start);
    readExactly(open, part, start);
    const at = part.lastIndexOf(newline);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

function readSegment(file: string, problems: LineageProblem[]): readonly Placed[] {
  const report = (line: number, message: string): void => {
    problems.push({ file, line, message });
  };
  const bytes = readWholeLines(file, report);
  const found: Placed[] = [];
  let previous = '';
  let order = '';
  for (let start = 0, line = 1; start < bytes.length; line += 1) {
    const end = bytes.indexOf(newline, start);
    const entry = parseEntry(bytes.subarray(start, end));
    start = end + 1;
    if (typeof entry === 'string') {
      report(line, entry);
      continue;
    }
    const { hash, ...content } = entry;
    if (entryHash(content) !== hash) report(line, 'it was changed after it was written: its hash is another');
    if (entry.previous !== previous) report(line, 'it does not follow the entry before it');
    previous = hash;
    order = entry.time > order ? entry.time : order;
    found.push({ entry, file, line, order });
  }
  return found;
}

function readWholeLines(file: string, report: (line: number, message: string) => void): Uint8Array {
  try {
    return withFile(file, (open) => {
      if (open.size > maximumSegmentBytes) {
        report(0, `it has ${open.size} bytes, more than the ${maximumSegmentBytes} that are read`);
        return new Uint8Array(0);
      }
      const bytes = new Uint8Array(endOfLastLine(open));
      readExactly(open, bytes, 0);
      return bytes;
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report(0, error.message);
    return new Uint8Array(0);
  }
}

/** The entry, or what is wrong with it. */
function parseEntry(bytes: Uint8Array): LineageEntry | string {
  if (bytes.length > maximumEntryBytes) return `it has ${bytes.length} bytes, more than an entry may have`;
  const text = decodeUtf8(bytes);
  if (text === undefined) return 'it is not UTF-8 text';
  const parsed = parseBoundedJson(text, entryLimits);
  if ('problem' in parsed) return `it is no entry: ${parsed.problem}`;
  if (!isJsonObject(parsed.value)) return 'it is no entry: no JSON object';
  return entryOf(parsed.value) ?? 'it is no entry: fields are missing or of another type';
}

function entryOf(value: JsonObject): LineageEntry | undefined {
  const { command, time, who, version, previous, hash, parents, seen, inputs, outputs, settings, metrics } = value;
  const texts = [command, time, who, version, previous, hash];
  if (!texts.every((text) => typeof text === 'string')) return undefined;
  if (!isTexts(parents) || !isTexts(seen) || !isFiles(inputs) || !isFiles(outputs)) return undefined;
  if (!isJsonObject(settings) || !isJsonObject(metrics)) return undefined;
  return {
    command: command as string,
    time: time as string,
    who: who as string,
    version: version as string,
    previous: previous as string,
    hash: hash as string,
    parents,
    seen,
    inputs,
    outputs,
    settings,
    metrics,
  };
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isFiles(value: JsonValue | undefined): value is readonly (LineageFile & JsonObject)[] {
  return (
    Array.isArray(value) &&
    value.every((item) => isJsonObject(item) && typeof item.path === 'string' && typeof item.hash === 'string')
  );
}

/** @throws UserError `lineage-broken`, kind `checkFailed`, where the chain is broken */
export function requireWholeChain({ problems }: Lineage): void {
  const first = problems[0];
  if (first === undefined) return;
  const { code, message, next } = inputError(
    'lineage-broken',
    `${first.file}, line ${first.line}: ${first.message}; ${problems.length} problems in all.`,
    'Restore the file from a copy, or find out who changed it.',
  );
  throw new UserError({ kind: 'checkFailed', code, message, next });
}
