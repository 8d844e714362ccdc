import { inputError, type UserError } from '../../../protocol/errors';
import type { JsonObject, JsonValue } from '../../../protocol/json';

export interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * Typed, range-checked access to the keys of a `config.json`. A missing key takes the default given; `null` counts as
 * missing unless the reader's name says that it means "none".
 */
export class ConfigReader {
  constructor(
    private readonly object: JsonObject,
    private readonly file: string,
    private readonly path: string = '',
  ) {}

  has(key: string): boolean {
    return this.get(key) !== undefined && this.get(key) !== null;
  }

  integer(key: string, fallback: number, range: Range): number {
    return this.optionalInteger(key, range) ?? this.check(key, fallback, range);
  }

  optionalInteger(key: string, range: Range): number | undefined {
    const value = this.optionalNumber(key, range);
    if (value !== undefined && !Number.isInteger(value)) throw this.refuse(key, `is ${value}, not a whole number`);
    return value;
  }

  /** Missing: the default. `null`: none. */
  integerOrNull(key: string, fallback: number | undefined, range: Range): number | undefined {
    return this.get(key) === undefined ? fallback : this.optionalInteger(key, range);
  }

  number(key: string, fallback: number, range: Range): number {
    return this.optionalNumber(key, range) ?? fallback;
  }

  /** Missing: the default. `null`: none. */
  numberOrNull(key: string, fallback: number | undefined, range: Range): number | undefined {
    return this.get(key) === undefined ? fallback : this.optionalNumber(key, range);
  }

  requiredNumber(key: string, range: Range): number {
    const value = this.optionalNumber(key, range);
    if (value === undefined) throw this.refuse(key, 'is missing');
    return value;
  }

  optionalNumber(key: string, range: Range): number | undefined {
    const value = this.get(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number') throw this.refuse(key, `is ${describe(value)}, not a number`);
    return this.check(key, value, range);
  }

  flag(key: string, fallback: 'yes' | 'no'): boolean {
    const value = this.get(key);
    if (value === undefined || value === null) return fallback === 'yes';
    if (typeof value !== 'boolean') throw this.refuse(key, `is ${describe(value)}, not true or false`);
    return value;
  }

  optionalText(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw this.refuse(key, `is ${describe(value)}, not a string`);
    return value;
  }

  optionalObject(key: string): ConfigReader | undefined {
    const value = this.get(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object' || isList(value)) throw this.refuse(key, `is ${describe(value)}, not an object`);
    return new ConfigReader(value, this.file, `${this.path}${key}.`);
  }

  optionalTexts(key: string, count: number): readonly string[] | undefined {
    const value = this.get(key);
    if (value === undefined || value === null) return undefined;
    if (!isList(value) || value.length !== count || !value.every((entry) => typeof entry === 'string'))
      throw this.refuse(key, `is not a list of ${count} strings`);
    return value as readonly string[];
  }

  numbers(key: string, count: number, range: Range): readonly number[] {
    const value = this.get(key);
    if (value === undefined || value === null) throw this.refuse(key, 'is missing');
    if (!isList(value) || value.length !== count || !value.every((entry) => typeof entry === 'number'))
      throw this.refuse(key, `is not a list of ${count} numbers`);
    return (value as readonly number[]).map((entry) => this.check(key, entry, range));
  }

  /** One token id or a list of them. */
  tokenIds(key: string, fallback: readonly number[]): readonly number[] {
    const value = this.get(key);
    if (value === undefined) return fallback;
    const list = value === null ? [] : isList(value) ? value : [value];
    if (list.length > 64) throw this.refuse(key, `lists ${list.length} ids`);
    return list.map((entry) => {
      if (typeof entry !== 'number' || !Number.isInteger(entry)) throw this.refuse(key, 'is not a token id');
      return entry;
    });
  }

  keys(): readonly string[] {
    return Object.keys(this.object);
  }

  get(key: string): JsonValue | undefined {
    return Object.hasOwn(this.object, key) ? this.object[key] : undefined;
  }

  refuse(key: string, problem: string): UserError {
    return inputError(
      'model-config',
      `${this.file}: ${this.path}${key} ${problem}.`,
      'Check that the file belongs to this model and is whole.',
    );
  }

  unsupported(key: string, what: string): UserError {
    return inputError(
      'model-unsupported',
      `${this.file}: ${this.path}${key} asks for ${what}, which changes what the model computes and is not supported.`,
      'Use a model without it.',
    );
  }

  private check(key: string, value: number, { minimum, maximum }: Range): number {
    if (!(value >= minimum && value <= maximum))
      throw this.refuse(key, `is ${value}, outside ${minimum} to ${maximum}`);
    return value;
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function describe(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
