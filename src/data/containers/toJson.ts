import type { JsonValue } from '../../protocol/json';
import { ownEntries } from '../own';

/** Counts the values a row unfolds to, so that a few hostile bytes cannot unfold to endless lists. */
export class ValueBudget {
  private left: number;

  constructor(
    limit: number,
    readonly maxDepth: number,
  ) {
    this.left = limit;
  }

  /** @throws RangeError when the row holds more values than the limit. */
  spend(): void {
    if (this.left-- <= 0) throw new RangeError('the row unfolds to too many values');
  }
}

/**
 * A value of a binary container (hyparquet, apache-arrow) as JSON. 64-bit integers become numbers where a double holds
 * them exactly, else texts; dates ISO texts; bytes base64; NaN and infinities texts.
 */
export function toJson(value: unknown, budget: ValueBudget, depth = 0): JsonValue {
  budget.spend();
  if (depth > budget.maxDepth) throw new RangeError('the row is nested too deep');
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
    case 'object':
      break;
    default:
      throw new TypeError(`a ${typeof value} has no place in a row`);
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (Array.isArray(value)) return value.map((item) => toJson(item, budget, depth + 1));
  if (isVector(value)) {
    const items: JsonValue[] = [];
    for (let i = 0; i < value.length; i++) items.push(toJson(value.get(i), budget, depth + 1));
    return items;
  }
  if (ArrayBuffer.isView(value)) {
    return Array.from(value as unknown as ArrayLike<number | bigint>, (item) => toJson(item, budget, depth + 1));
  }
  const entries: Iterable<readonly [string, unknown]> = isPairs(value) ? value : Object.entries(value);
  const pairs: [string, JsonValue][] = [];
  for (const [key, item] of entries) pairs.push([String(key), toJson(item, budget, depth + 1)]);
  return ownEntries(pairs);
}

interface VectorLike {
  readonly length: number;
  get(index: number): unknown;
}

function isVector(value: object): value is VectorLike {
  return 'get' in value && typeof value.get === 'function' && 'length' in value && typeof value.length === 'number';
}

function isPairs(value: object): value is Iterable<readonly [string, unknown]> {
  return Symbol.iterator in value;
}
