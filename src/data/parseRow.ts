import { isAscii, isUtf8 } from 'node:buffer';
import type { JsonObject, JsonValue } from '../protocol/json';
import { hashRow } from './hash';
import { duplicateKeys, jsonFault, textStructure } from './jsonText';
import type { DataLimits } from './limits';
import type { Row, RowAddress, RowProblem } from './types';

/** A row, or why there is none; warnings may come with either. */
export interface ParsedRow {
  readonly row: Row | undefined;
  readonly problems: readonly RowProblem[];
}

/** `line 3` for text files, `row 2` for the rest: how messages name a row. */
export function rowName(address: RowAddress): string {
  return address.line === undefined ? `${address.file}, row ${address.row}` : `${address.file}, line ${address.line}`;
}

export function rowProblem(
  severity: RowProblem['severity'],
  address: RowAddress,
  code: string,
  message: string,
  next: string,
): RowProblem {
  return { address, severity, code, message: `${rowName(address)}: ${message}`, next };
}

/** Bytes to text; bytes that are not UTF-8 are an error that names the first of them. */
export function decodeUtf8(bytes: Buffer, address: RowAddress): string | RowProblem {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const at = firstInvalidUtf8(bytes);
  const value = bytes[at]!.toString(16).toUpperCase().padStart(2, '0');
  const where = (address.bytes?.offset ?? 0) + at;
  return rowProblem(
    'error',
    address,
    'bad-utf8',
    `byte 0x${value} at offset ${where} is not UTF-8.`,
    'Save the file as UTF-8, or repair or delete this row.',
  );
}

/** Parses the bytes of one JSON row. */
export function parseJsonRow(bytes: Buffer, address: RowAddress, limits: DataLimits): ParsedRow {
  const text = decodeUtf8(bytes, address);
  return typeof text === 'string' ? parseJsonText(text, address, limits) : { row: undefined, problems: [text] };
}

/** Parses the text of one JSON row. Depth is checked on the text, before anything recurses. */
export function parseJsonText(text: string, address: RowAddress, limits: DataLimits): ParsedRow {
  const { depth, keys } = textStructure(text);
  if (depth > limits.maxDepth) {
    return refused(
      address,
      'too-deep',
      `the row is nested ${depth} deep; the limit is ${limits.maxDepth}.`,
      'Flatten or delete this row.',
    );
  }
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return refused(address, ...malformed(text));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused(
      address,
      'row-not-object',
      `the row is ${article(value)}, not an object.`,
      'Write each row as {"field": value, …}; a file that is one JSON array needs the ending .json.',
    );
  }
  const facts = valueFacts(value);
  if (facts.fault !== undefined) return refused(address, ...facts.fault);
  const problems: RowProblem[] = [];
  if (facts.keys < keys) {
    const names = duplicateKeys(text);
    problems.push(
      rowProblem(
        'warning',
        address,
        'duplicate-key',
        `the key ${names.slice(0, 3).join(', ')} is there twice; the last value counts.`,
        'Keep one of them.',
      ),
    );
  }
  return { row: rowOf(value as JsonObject, address), problems };
}

export function rowOf(value: JsonObject, address: RowAddress): Row {
  return { address, value, hash: hashRow(value) };
}

function refused(address: RowAddress, code: string, message: string, next: string): ParsedRow {
  return { row: undefined, problems: [rowProblem('error', address, code, message, next)] };
}

function malformed(text: string): [code: string, message: string, next: string] {
  if (text.includes('\0')) {
    return [
      'nul-byte',
      `the row holds a NUL byte (column ${text.indexOf('\0') + 1}), often the trace of an interrupted write.`,
      'Repair or delete this row.',
    ];
  }
  const fault = jsonFault(text);
  const where = fault === undefined ? 'not JSON.' : `not JSON at column ${fault.index + 1}: ${fault.reason}.`;
  return ['bad-json', where, 'Repair or delete this row; the other rows are read.'];
}

export function article(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

interface ValueFacts {
  readonly keys: number;
  readonly fault: [code: string, message: string, next: string] | undefined;
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Keys of a parsed value, and what no tokenizer or hash can take: half a surrogate pair, a number beyond doubles. */
export function valueFacts(root: JsonValue): ValueFacts {
  const stack: JsonValue[] = [root];
  let keys = 0;
  while (stack.length > 0) {
    const value = stack.pop()!;
    if (typeof value === 'string') {
      if (!isWellFormed(value)) {
        return {
          keys,
          fault: [
            'lone-surrogate',
            `a text holds half a surrogate pair (\\u${loneSurrogate.exec(value)![0].charCodeAt(0).toString(16)}).`,
            'Write the whole character or delete the escape.',
          ],
        };
      }
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) {
        return {
          keys,
          fault: ['number-range', 'a number is beyond the range of a double.', 'Write it as a text or correct it.'],
        };
      }
    } else if (Array.isArray(value)) {
      for (const item of value) if (item !== null && typeof item !== 'boolean') stack.push(item);
    } else if (typeof value === 'object' && value !== null) {
      for (const key of Object.keys(value)) {
        keys++;
        const item = (value as JsonObject)[key]!;
        if (item !== null && typeof item !== 'boolean') stack.push(item);
        if (!isWellFormed(key)) stack.push(key);
      }
    }
  }
  return { keys, fault: undefined };
}

/** `String.prototype.isWellFormed` is in Node 20; the ES2023 library types do not know it yet. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** Index of the first byte that is not part of a well-formed UTF-8 sequence (Unicode, table 3-7). */
function firstInvalidUtf8(bytes: Buffer): number {
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i]!;
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length === 0 || i + length > bytes.length) return i;
    const second = bytes[i + 1] ?? 0;
    if (lead === 0xe0 && second < 0xa0) return i;
    if (lead === 0xed && second > 0x9f) return i;
    if (lead === 0xf0 && second < 0x90) return i;
    if (lead === 0xf4 && second > 0x8f) return i;
    for (let k = 1; k < length; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return i;
    i += length;
  }
  return bytes.length;
}
