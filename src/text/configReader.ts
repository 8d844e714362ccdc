/** Typed access to one object of a configuration file; every complaint names the file and the path of the field. */
import { inputError, type UserError } from '../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';

export class ConfigReader {
  constructor(
    readonly file: string,
    /** Path of this object inside the file, e.g. `pre_tokenizer.pretokenizers[0]`; empty for the top. */
    readonly path: string,
    readonly value: JsonObject,
  ) {}

  private field(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  damaged(key: string, problem: string): UserError {
    return inputError(
      'tokenizer-damaged',
      `${this.file}: ${this.field(key)} ${problem}.`,
      'Fetch the tokenizer files of the model again.',
    );
  }

  unsupported(key: string, what: string, supported: readonly string[]): UserError {
    return inputError(
      'tokenizer-unsupported',
      `${this.file}: ${this.field(key)} is ${what}, which is not supported (supported: ${supported.join(', ')}).`,
      'Use a model whose tokenizer is of a supported kind.',
    );
  }

  raw(key: string): JsonValue | undefined {
    return Object.hasOwn(this.value, key) ? this.value[key] : undefined;
  }

  /** The value unless it is absent or null. */
  private present(key: string): JsonValue | undefined {
    return this.raw(key) ?? undefined;
  }

  optionalString(key: string): string | undefined {
    const value = this.present(key);
    if (value !== undefined && typeof value !== 'string') throw this.damaged(key, 'is not a string');
    return value;
  }

  string(key: string): string {
    const value = this.optionalString(key);
    if (value === undefined) throw this.damaged(key, 'is missing');
    return value;
  }

  optionalBoolean(key: string): boolean | undefined {
    const value = this.present(key);
    if (value !== undefined && typeof value !== 'boolean') throw this.damaged(key, 'is not true or false');
    return value;
  }

  /** A whole number in [0, limit). */
  integer(key: string, limit: number): number {
    const value = this.present(key);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= limit) {
      throw this.damaged(key, `is not a whole number from 0 to ${limit - 1}`);
    }
    return value;
  }

  optionalObject(key: string): ConfigReader | undefined {
    const value = this.present(key);
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) throw this.damaged(key, 'is not an object');
    return new ConfigReader(this.file, this.field(key), value);
  }

  object(key: string): ConfigReader {
    const value = this.optionalObject(key);
    if (value === undefined) throw this.damaged(key, 'is missing');
    return value;
  }

  optionalList(key: string): readonly JsonValue[] | undefined {
    const value = this.present(key);
    if (value !== undefined && !Array.isArray(value)) throw this.damaged(key, 'is not a list');
    return value as readonly JsonValue[] | undefined;
  }

  list(key: string): readonly JsonValue[] {
    const value = this.optionalList(key);
    if (value === undefined) throw this.damaged(key, 'is missing');
    return value;
  }

  objects(key: string): ConfigReader[] {
    return this.list(key).map((entry, index) => {
      if (!isJsonObject(entry)) throw this.damaged(`${key}[${index}]`, 'is not an object');
      return new ConfigReader(this.file, this.field(`${key}[${index}]`), entry);
    });
  }
}
