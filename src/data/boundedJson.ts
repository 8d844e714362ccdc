/**
 * JSON of unknown origin: size, depth and number of values are bounded before it is parsed, and a key given twice in one
 * object is an error rather than a silent choice.
 */

import { inputError } from '../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';
import { readExactly, withFile } from './fileAccess';
import { jsonFault } from './jsonText';

export interface JsonLimits {
  readonly maximumBytes: number;
  /** Nested objects and lists. */
  readonly maximumDepth: number;
  /** Objects, lists and strings, keys included. */
  readonly maximumValues: number;
}

/** For `config.json`, `adapter_config.json` and their like. */
export const configLimits: JsonLimits = { maximumBytes: 16 << 20, maximumDepth: 32, maximumValues: 1_000_000 };

const quote = 0x22;
const backslash = 0x5c;

/** What is wrong with a JSON text beyond its grammar; undefined: nothing. */
function findExcess(text: string, limits: JsonLimits): string | undefined {
  // One entry per open object (its keys so far) or list (undefined).
  const open: (Set<string> | undefined)[] = [];
  let keyNext = false;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const start = at;
      at = endOfString(text, at);
      values += 1;
      const keys = open.at(-1);
      if (keyNext && keys !== undefined) {
        const key = plainKey(text.slice(start, at + 1));
        if (keys.has(key)) return `the key ${key.slice(0, 200)} appears twice in one object`;
        keys.add(key);
        keyNext = false;
      }
    } else if (code === 0x7b || code === 0x5b) {
      open.push(code === 0x7b ? new Set() : undefined);
      keyNext = code === 0x7b;
      values += 1;
      if (open.length > limits.maximumDepth) return `it is nested more than ${limits.maximumDepth} deep`;
    } else if (code === 0x7d || code === 0x5d) {
      open.pop();
      keyNext = false;
    } else if (code === 0x2c) {
      keyNext = open.at(-1) !== undefined;
      values += 1;
    }
    if (values > limits.maximumValues) return `it holds more than ${limits.maximumValues} values`;
  }
  return undefined;
}

/** A key as spelled, or with its escapes resolved where it has any: `"\\u0061"` is the same key as `"a"`. */
function plainKey(raw: string): string {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.stringify(JSON.parse(raw));
  } catch {
    // A malformed escape: the parser proper will name it.
    return raw;
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}

/** The result of parsing: a problem is a phrase to put after "FILE: ". */
export type ParsedJson = { readonly value: JsonValue } | { readonly problem: string };

/** Parses within limits. Never throws. */
export function parseBoundedJson(text: string, limits: JsonLimits): ParsedJson {
  const excess = findExcess(text, limits);
  if (excess !== undefined) return { problem: excess };
  try {
    const value: JsonValue = JSON.parse(text);
    return { value };
  } catch (error) {
    const fault = jsonFault(text);
    if (fault === undefined) throw error;
    return { problem: `it is not JSON at character ${fault.index + 1}: ${fault.reason}` };
  }
}

/** UTF-8 text, or undefined where the bytes are not UTF-8. A byte order mark is kept. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The only way this fails is malformed UTF-8, which undefined says.
    return undefined;
  }
}

/** Reads a file that must hold one JSON object. Throws a UserError that names the file. */
export function readJsonObject(file: string, limits: JsonLimits): JsonObject {
  const bytes = withFile(file, (open) => {
    if (open.size > limits.maximumBytes) {
      throw jsonError(file, `it is larger than ${limits.maximumBytes} bytes`);
    }
    const content = new Uint8Array(open.size);
    readExactly(open, content, 0);
    return content;
  });
  const text = decodeUtf8(bytes);
  if (text === undefined) throw jsonError(file, 'it is not UTF-8 text');
  if (text.startsWith(gitLfsPrefix)) throw gitLfsError(file);
  const parsed = parseBoundedJson(text.startsWith('\ufeff') ? text.slice(1) : text, limits);
  if ('problem' in parsed) throw jsonError(file, parsed.problem);
  if (!isJsonObject(parsed.value)) throw jsonError(file, 'it is not a JSON object');
  return parsed.value;
}

function jsonError(file: string, problem: string): Error {
  return inputError('json-damaged', `${file} cannot be used: ${problem}.`, 'Fetch or write the file again.');
}

/** How a Git LFS pointer, left where the large file should be, begins. */
export const gitLfsPrefix = 'version https://git-lfs';

export function gitLfsError(file: string): Error {
  return inputError(
    'git-lfs-pointer',
    `${file} is a Git LFS pointer: a few lines of text in place of the real file, which was not fetched.`,
    'Run "git lfs pull" in that repository, or download the file itself.',
  );
}
