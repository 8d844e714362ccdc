/** Reads the little-endian values of a GGUF header one after the other through a small window, never past the file's end. */

import { type OpenFile, readExactly } from '../../../data/fileAccess';
import { inputError, type UserError } from '../../../protocol/errors';

const windowBytes = 1 << 20;

/** A header larger than this is refused: the largest vocabularies need some 20 MB. */
const maximumHeaderBytes = 512 * 1024 * 1024;

export class GgufCursor {
  /** Byte of the file that is read next. */
  position = 0;
  private window = Buffer.alloc(0);
  private windowStart = 0;
  private view = viewOf(this.window);

  constructor(private readonly open: OpenFile) {}

  get size(): number {
    return this.open.size;
  }

  get remaining(): number {
    return this.open.size - this.position;
  }

  refusal(problem: string): UserError {
    return inputError(
      'gguf-damaged',
      `${this.open.file} is not a sound GGUF file: ${problem} (at byte ${this.position}).`,
      'Fetch or convert the file again.',
    );
  }

  /** Makes `count` bytes available and returns their offset in the window. */
  private take(count: number): number {
    if (count > this.remaining) throw this.refusal('it ends inside its header');
    if (this.position + count > maximumHeaderBytes) throw this.refusal('its header is larger than 512 MiB');
    const start = this.position - this.windowStart;
    if (start < 0 || start + count > this.window.length) {
      this.window = Buffer.alloc(Math.min(Math.max(windowBytes, count), this.remaining));
      this.view = viewOf(this.window);
      this.windowStart = this.position;
      readExactly(this.open, this.window, this.position);
    }
    const offset = this.position - this.windowStart;
    this.position += count;
    return offset;
  }

  uint8(): number {
    const at = this.take(1);
    return this.view.getUint8(at);
  }

  // The offset is taken before `this.view` is read, because taking may replace the window.
  int8(): number {
    const at = this.take(1);
    return this.view.getInt8(at);
  }
  uint16(): number {
    const at = this.take(2);
    return this.view.getUint16(at, true);
  }
  int16(): number {
    const at = this.take(2);
    return this.view.getInt16(at, true);
  }
  uint32(): number {
    const at = this.take(4);
    return this.view.getUint32(at, true);
  }
  int32(): number {
    const at = this.take(4);
    return this.view.getInt32(at, true);
  }
  float32(): number {
    const at = this.take(4);
    return this.view.getFloat32(at, true);
  }
  float64(): number {
    const at = this.take(8);
    return this.view.getFloat64(at, true);
  }
  uint64(): number | bigint {
    const at = this.take(8);
    return narrowed(this.view.getBigUint64(at, true));
  }
  int64(): number | bigint {
    const at = this.take(8);
    return narrowed(this.view.getBigInt64(at, true));
  }

  /** A count or an offset: must be an exact, non-negative number. */
  size64(what: string): number {
    const at = this.take(8);
    // Two halves instead of a bigint: a vocabulary has a hundred thousand of these.
    const value = this.view.getUint32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true);
    if (!Number.isSafeInteger(value)) throw this.refusal(`${what} is beyond all bounds`);
    return value;
  }

  string(maximumBytes: number, what: string): string {
    const length = this.size64(`the length of ${what}`);
    if (length > maximumBytes || length > this.remaining) {
      throw this.refusal(`${what} is said to be ${length} bytes long`);
    }
    const at = this.take(length);
    return this.window.toString('utf8', at, at + length);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function narrowed(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
