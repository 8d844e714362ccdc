import type { DataLimits } from '../limits';
import type { ParsedRow } from '../parseRow';
import { rowProblem } from '../parseRow';
import type { Row, RowAddress, RowProblem } from '../types';

/** Some rows in file order, and the problems met among them. */
export interface RowBatch {
  readonly rows: readonly Row[];
  readonly problems: readonly RowProblem[];
}

/** What a container reader is given: a name for addresses and messages, unpacked bytes, and bounds. */
export interface TextSource {
  /** Path as the user gave it. */
  readonly file: string;
  readonly chunks: AsyncIterable<Buffer>;
  readonly limits: DataLimits;
}

/** Gathers rows and problems until a batch is full. */
export class BatchBuilder {
  private rows: Row[] = [];
  private problems: RowProblem[] = [];

  constructor(private readonly limits: DataLimits) {}

  add({ row, problems }: ParsedRow): void {
    if (row !== undefined) this.rows.push(row);
    this.problems.push(...problems);
  }

  addProblem(problem: RowProblem): void {
    this.problems.push(problem);
  }

  get full(): boolean {
    return this.rows.length + this.problems.length >= this.limits.batchRows;
  }

  get empty(): boolean {
    return this.rows.length + this.problems.length === 0;
  }

  take(): RowBatch {
    const batch = { rows: this.rows, problems: this.problems };
    this.rows = [];
    this.problems = [];
    return batch;
  }
}

/** The address for what concerns a file as a whole. */
export function fileAddress(file: string): RowAddress {
  return { file, row: 0, line: undefined, bytes: undefined };
}

/** A problem of the file as a whole. */
export function fileProblem(
  severity: RowProblem['severity'],
  file: string,
  code: string,
  message: string,
  next: string,
): RowProblem {
  return { address: fileAddress(file), severity, code, message: `${file}: ${message}`, next };
}

export function tooLong(address: RowAddress, limits: DataLimits): RowProblem {
  return rowProblem(
    'error',
    address,
    'row-too-long',
    `the row has ${address.bytes?.length} bytes; the limit is ${limits.maxRowBytes}.`,
    'Split or delete this row.',
  );
}
