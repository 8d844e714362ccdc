import type { DataLimits } from '../limits';
import { parseJsonRow } from '../parseRow';
import { BatchBuilder, fileProblem, type RowBatch, type TextSource, tooLong } from './batch';
import { bomLength } from './lines';

/** One element of a top-level JSON array, by its bytes. */
export interface Element {
  readonly offset: number;
  readonly length: number;
  /** 1-based line of the first byte. */
  readonly line: number;
  /** undefined where the element is longer than `maxRowBytes`. */
  readonly bytes: Buffer | undefined;
}

/** How the array ended: as it should, before its `]`, or with something after it. */
export type ArrayEnd = 'closed' | 'open' | 'more';

/** A JSON array, streamed: elements are cut out by a byte scanner that needs no stack, then parsed one by one. */
export async function* readJsonArray({ file, chunks, limits }: TextSource): AsyncGenerator<RowBatch> {
  const batch = new BatchBuilder(limits);
  const scanner = new ArrayScanner(limits);
  let row = 0;
  for await (const elements of scanElements(chunks, scanner)) {
    for (const { offset, length, line, bytes } of elements) {
      const address = { file, row: row++, line, bytes: { offset, length } };
      if (bytes === undefined) batch.addProblem(tooLong(address, limits));
      else batch.add(parseJsonRow(bytes, address, limits));
      if (batch.full) yield batch.take();
    }
  }
  if (scanner.end === 'open') {
    batch.addProblem(
      fileProblem(
        'warning',
        file,
        'json-array-open',
        'the array has no closing ]; the file may be cut off.',
        'Check that the file is whole.',
      ),
    );
  } else if (scanner.end === 'more') {
    batch.addProblem(
      fileProblem(
        'warning',
        file,
        'json-array-more',
        `text follows the closing ] on line ${scanner.line}; it is not read.`,
        'Delete it, or move the rows into the array.',
      ),
    );
  }
  if (!batch.empty) yield batch.take();
}

/** Elements of the array in order, one list for each chunk. `scanner.end` tells afterwards how the array ended. */
export async function* scanElements(
  chunks: AsyncIterable<Buffer>,
  scanner: ArrayScanner,
): AsyncGenerator<readonly Element[]> {
  for await (const chunk of chunks) {
    const elements = scanner.scan(chunk);
    if (elements.length > 0) yield elements;
  }
  const last = scanner.finish();
  if (last !== undefined) yield [last];
}

const quote = 0x22;
const backslash = 0x5c;
const newline = 0x0a;

/**
 * Cuts a byte stream into the elements of its top-level array. A bare line end inside a string is illegal, so there the
 * element is known to be broken; it then ends where a line starts an object at the same indentation as its own first line.
 */
export class ArrayScanner {
  end: ArrayEnd = 'open';
  line = 1;
  private state: 'before' | 'between' | 'element' | 'after' = 'before';
  private position = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private broken = false;
  /** Indentation of the current line while only spaces were seen in it, else -1. */
  private indent = 0;
  private elementIndent = -1;
  private start = 0;
  private startLine = 1;
  /** Offset after the last byte of the element that is no white space. */
  private solidEnd = 0;
  private held: Buffer[] = [];
  private heldLength = 0;

  constructor(private readonly limits: DataLimits) {}

  scan(chunk: Buffer): Element[] {
    const found: Element[] = [];
    const bom = this.position === 0 ? bomLength(chunk) : 0;
    let from = bom;
    for (let i = bom; i < chunk.length; i++) {
      const byte = chunk[i]!;
      const offset = this.position + i;
      if (byte === newline) {
        this.line++;
        this.indent = 0;
        if (this.inString) {
          this.inString = false;
          this.escaped = false;
          this.broken = true;
          this.solidEnd = offset;
        }
        continue;
      }
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === backslash) this.escaped = true;
        else if (byte === quote) {
          this.inString = false;
          this.solidEnd = offset + 1;
        }
        continue;
      }
      if (byte === 0x20 || byte === 0x09 || byte === 0x0d) {
        if (this.indent >= 0) this.indent++;
        continue;
      }
      const indent = this.indent;
      this.indent = -1;
      switch (this.state) {
        case 'before':
          if (byte === 0x5b) this.state = 'between';
          break;
        case 'between':
          if (byte === 0x5d) {
            this.state = 'after';
            this.end = 'closed';
          } else if (byte !== 0x2c) {
            this.open(offset, indent);
            from = i;
            this.step(byte, offset);
          }
          break;
        case 'element':
          if (this.depth === 0 && (byte === 0x2c || byte === 0x5d)) {
            found.push(this.close(chunk.subarray(from, i)));
            if (byte === 0x5d) {
              this.state = 'after';
              this.end = 'closed';
            }
          } else if (this.broken && byte === 0x7b && indent >= 0 && indent === this.elementIndent) {
            found.push(this.close(chunk.subarray(from, i)));
            this.open(offset, indent);
            from = i;
            this.step(byte, offset);
          } else this.step(byte, offset);
          break;
        case 'after':
          this.end = 'more';
          this.position += chunk.length;
          return found;
      }
    }
    if (this.state === 'element') this.hold(chunk.subarray(from));
    this.position += chunk.length;
    return found;
  }

  /** The element that the end of the stream cut off. */
  finish(): Element | undefined {
    if (this.state !== 'element') return undefined;
    if (this.inString) this.solidEnd = this.position;
    return this.close(Buffer.alloc(0));
  }

  private open(offset: number, indent: number): void {
    this.state = 'element';
    this.start = offset;
    this.startLine = this.line;
    this.elementIndent = indent;
    this.depth = 0;
    this.broken = false;
  }

  private step(byte: number, offset: number): void {
    this.solidEnd = offset + 1;
    if (byte === quote) this.inString = true;
    else if (byte === 0x7b || byte === 0x5b) this.depth++;
    else if ((byte === 0x7d || byte === 0x5d) && this.depth > 0) this.depth--;
  }

  private hold(part: Buffer): void {
    this.heldLength += part.length;
    // Far beyond the limit nothing is kept; the slack is for white space at the end.
    if (this.heldLength > this.limits.maxRowBytes + this.limits.chunkBytes) this.held = [];
    else this.held.push(part);
  }

  private close(part: Buffer): Element {
    this.hold(part);
    const length = this.solidEnd - this.start;
    const whole = length <= this.limits.maxRowBytes && this.held.length > 0;
    const bytes = whole ? Buffer.concat(this.held).subarray(0, length) : undefined;
    const element = { offset: this.start, length, line: this.startLine, bytes };
    this.state = 'between';
    this.held = [];
    this.heldLength = 0;
    return element;
  }
}
