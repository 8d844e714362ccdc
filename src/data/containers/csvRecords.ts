import type { DataLimits } from '../limits';
import { bomLength } from './lines';

/** One CSV record by its bytes, line end excluded. */
export interface CsvRecord {
  readonly offset: number;
  readonly length: number;
  /** 1-based line of the first byte. */
  readonly line: number;
  /** undefined where the record is longer than `maxRowBytes`. */
  readonly bytes: Buffer | undefined;
  /** Why this record cannot be trusted. */
  readonly fault: string | undefined;
}

const unclosed = 'a quoted field is opened and not closed as CSV needs it.';

/** How often a runaway quote may be taken back before line ends inside quotes are no longer believed. */
const maxRecoveries = 64;

/**
 * Cuts a byte stream into CSV records (RFC 4180): a line end inside quotes belongs to its field. A quote that opens a
 * field and never closes, or closes lines later before something other than a delimiter, is a fault of its own first
 * line alone: scanning resumes on the line after it.
 */
export class CsvRecordScanner {
  private pending: Buffer = Buffer.alloc(0);
  /** Offset of `pending[0]` in the stream. */
  private base = 0;
  private line = 1;
  private scanFrom = 0;
  private state: 'fieldStart' | 'plain' | 'quoted' | 'quoteSeen' = 'fieldStart';
  private newlines = 0;
  private firstNewline = -1;
  private recoveries = 0;
  private begun = false;
  /** Bytes of the current record that were let go because it is too long to be held. */
  private discarded = 0;
  private readonly delimiter: number;

  constructor(
    delimiter: ',' | '\t',
    private readonly limits: DataLimits,
  ) {
    this.delimiter = delimiter.charCodeAt(0);
  }

  scan(chunk: Buffer): CsvRecord[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    if (!this.begun) {
      this.begun = true;
      this.drop(bomLength(chunk));
    }
    return this.records('more');
  }

  finish(): CsvRecord[] {
    const found = this.records('end');
    if (this.pending.length + this.discarded > 0)
      found.push(this.cut(this.pending.length, this.pending.length, undefined));
    return found;
  }

  private records(input: 'more' | 'end'): CsvRecord[] {
    const found: CsvRecord[] = [];
    for (;;) {
      let i = this.scanFrom;
      for (; i < this.pending.length; i++) {
        const byte = this.pending[i]!;
        if (byte === 0x0a) {
          if (this.state !== 'quoted' || this.recoveries >= maxRecoveries) break;
          if (this.newlines++ === 0) this.firstNewline = i;
        } else if (this.state === 'fieldStart') {
          if (byte === 0x22) this.state = 'quoted';
          else if (byte !== this.delimiter) this.state = 'plain';
        } else if (this.state === 'quoted') {
          if (byte === 0x22) this.state = 'quoteSeen';
        } else if (byte === this.delimiter) this.state = 'fieldStart';
        else if (this.state === 'quoteSeen' && byte !== 0x0d) {
          if (byte === 0x22) this.state = 'quoted';
          else if (this.newlines > 0) break;
          else this.state = 'plain';
        }
      }
      const runaway =
        this.newlines > 0 &&
        (i < this.pending.length
          ? this.pending[i] !== 0x0a
          : input === 'end'
            ? this.state === 'quoted'
            : this.pending.length > this.limits.maxRowBytes);
      if (runaway) {
        this.recoveries++;
        found.push(this.cut(this.firstNewline, this.firstNewline + 1, unclosed));
      } else if (i < this.pending.length) {
        // Once recoveries are used up, a line end ends the record even inside quotes.
        found.push(this.cut(i, i + 1, this.state === 'quoted' ? unclosed : undefined));
      } else {
        this.scanFrom = i;
        if (this.newlines === 0 && i > this.limits.maxRowBytes + 1) this.discard(i);
        return found;
      }
    }
  }

  private discard(count: number): void {
    this.discarded += count;
    this.pending = this.pending.subarray(count);
    this.scanFrom = 0;
  }

  /** Takes bytes `[0, end)` of what is pending as a record and goes on at `resume`. */
  private cut(end: number, resume: number, fault: string | undefined): CsvRecord {
    const length = this.discarded + (end > 0 && this.pending[end - 1] === 0x0d ? end - 1 : end);
    const bytes = length > this.limits.maxRowBytes ? undefined : this.pending.subarray(0, length);
    const record = { offset: this.base, length, line: this.line, bytes, fault };
    this.line += fault === undefined ? this.newlines + 1 : 1;
    this.drop(resume);
    return record;
  }

  private drop(count: number): void {
    this.pending = this.pending.subarray(count);
    this.base += this.discarded + count;
    this.discarded = 0;
    this.scanFrom = 0;
    this.state = 'fieldStart';
    this.newlines = 0;
    this.firstNewline = -1;
  }
}
