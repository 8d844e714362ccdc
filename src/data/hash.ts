import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { inputError } from '../protocol/errors';
import type { JsonObject, JsonValue } from '../protocol/json';

/**
 * Canonical content: JSON without white space, keys sorted by UTF-16 unit at every depth, numbers as the shortest text
 * that reads back as the same double (RFC 8785). So `1`, `1.0` and `1e0` are one number, and integers beyond 2^53 are the
 * double nearest to them. Recursion is bounded because every parser bounds depth first (`DataLimits.maxDepth`).
 */
export function canonicalJson(value: JsonValue): string {
  // Native JSON.stringify over a sorted copy is three times as fast as writing the text key by key.
  const copy = sortedCopy(value);
  return copy === undefined ? written(value) : JSON.stringify(copy);
}

/** Keys that an object does not keep in the order they were added, or at all. */
const unorderedKey = /^(?:\d+|__proto__)$/;

/** The value with sorted keys; the value itself where they are; undefined where an object cannot hold its keys sorted. */
function sortedCopy(value: JsonValue): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    let copy: JsonValue[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const item = sortedCopy(value[i] as JsonValue);
      if (item === undefined) return undefined;
      if (copy === undefined && item !== value[i]) copy = value.slice(0, i) as JsonValue[];
      copy?.push(item);
    }
    return copy ?? value;
  }
  const object = value as JsonObject;
  const keys = Object.keys(object);
  let same = true;
  for (let i = 0; i < keys.length; i++) {
    if (unorderedKey.test(keys[i]!)) return undefined;
    if (i > 0 && keys[i - 1]! > keys[i]!) same = false;
  }
  if (!same) keys.sort();
  const copy: Record<string, JsonValue> = {};
  for (const key of keys) {
    const item = sortedCopy(object[key]!);
    if (item === undefined) return undefined;
    if (item !== object[key]) same = false;
    copy[key] = item;
  }
  return same ? object : copy;
}

function written(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => written(item as JsonValue)).join(',')}]`;
  const object = value as JsonObject;
  // The default order of `sort` is by UTF-16 unit, which is what RFC 8785 asks for.
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${written(object[key]!)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 (hex) of the canonical content: rows that differ in key order or spacing alone share it. */
export function hashRow(value: JsonValue): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** SHA-256 (hex) of a file's bytes, streamed. @throws UserError `file-unreadable` */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw inputError(
      'file-unreadable',
      `${path} cannot be read: ${(error as Error).message}.`,
      'Check the path and its permissions.',
      { cause: error },
    );
  }
  return hash.digest('hex');
}
