/**
 * documents/ holds the open data files: text as lines, rows by line and by hash, and the schema they follow. It is fast
 * (an edit parses the lines it touched, nothing else), knows no connection, and writes nothing.
 */
import type { Position, TextDocumentContentChangeEvent } from 'vscode-languageserver/node';
import { parseRecords } from '../../data/containers/csv';
import type { DataLimits } from '../../data/limits';
import { ownEntries } from '../../data/own';
import { parseJsonText, rowName, rowOf } from '../../data/parseRow';
import { detectSchema, namedSchema, schemaSampleRows } from '../../data/schemas/detect';
import type { Row, RowAddress, RowProblem, Schema, SchemaName } from '../../data/types';
import type { JsonObject } from '../../protocol/json';
import { BlankLines } from './blankLines';
import type { LineText } from './lineText';
import type { Pace } from './pace';
import { arraySpans, csvSpans, type RowSpan, type SpannedRows } from './rowSpans';

export type RowFormat = 'jsonl' | 'text' | 'json-array' | 'csv' | 'tsv';

/** What the rows of a file are for. */
export type RowHolding = 'data' | 'queries' | 'behaviours';

/** A defect of a row, without the place: rows move while people type. */
export type RowFlaw = Pick<RowProblem, 'severity' | 'code' | 'message' | 'next'>;

/** What is known of a row from its text alone: the same object as long as the text is the same. */
export interface RowFacts {
  /** As results of the engine name the row; undefined: the text is no row. */
  readonly hash: string | undefined;
  readonly flaws: readonly RowFlaw[];
  /** See `RowCache`. */
  readonly slots: unknown[];
}

/** A row where it stands now. */
export interface DocumentRow {
  /** 0-based, among the rows of the file, as `readRows` counts. */
  readonly row: number;
  readonly start: Position;
  readonly end: Position;
  readonly text: string;
  readonly facts: RowFacts;
  /** Parsed when it is first asked for; undefined: the text is no row. */
  readonly value: JsonObject | undefined;
}

/** Values kept beside the text; more are parsed again when asked for. */
const keptValues = 1024;
/** Lines that are spliced in one call; more would not fit the stack. */
const spliceAtMost = 10_000;
const noFlaws: readonly RowFlaw[] = [];

export interface RowDocumentOptions {
  /** Name of the file in messages. */
  readonly file: string;
  readonly format: RowFormat;
  readonly holds: RowHolding;
  /** What a trainer's file beside the data states; undefined: detected. */
  readonly schema: Schema | undefined;
  /** What whence.json states; fields that it leaves out are spelled as the first rows spell them. */
  readonly named: { readonly name: SchemaName; readonly fields: Readonly<Record<string, string>> } | undefined;
  readonly limits: DataLimits;
}

/** The rows of an open text document. */
export class RowDocument {
  version: number;
  private readonly blanks = new BlankLines();
  /** By line, where each line is a row. */
  private facts: (RowFacts | undefined)[] = [];
  private spans: SpannedRows | undefined;
  /** By text, where rows are not lines. */
  private spanFacts = new Map<string, RowFacts>();
  private readonly values = new Map<string, JsonObject | undefined>();
  private detected: { readonly schema: Schema | undefined; readonly flaw: RowFlaw | undefined } | undefined;
  private lastSchema: Schema | undefined;
  private byHash: Map<string, Set<number>> | undefined;
  /** Changed lines that are not in `byHash` yet. */
  private unhashed = new Set<number>();

  constructor(
    /** Changed through `apply` alone. */
    readonly lines: LineText,
    version: number,
    readonly options: RowDocumentOptions,
  ) {
    this.version = version;
    this.blanks.apply({ first: 0, removed: 0, added: this.lines.lineCount }, (line) => this.isBlank(line));
    this.facts = new Array<RowFacts | undefined>(this.lines.lineCount);
  }

  private get oneRowALine(): boolean {
    return this.options.format === 'jsonl' || this.options.format === 'text';
  }

  get rowCount(): number {
    return this.oneRowALine ? this.lines.lineCount - this.blanks.count : this.spanned().rows.length;
  }

  /** What the rows mean: as stated, else as the first rows look. */
  get schema(): Schema | undefined {
    return this.options.schema ?? this.detection().schema;
  }

  /** Why no schema is recognised; undefined: there is one. */
  get schemaFlaw(): RowFlaw | undefined {
    return this.options.schema === undefined && this.options.holds === 'data' ? this.detection().flaw : undefined;
  }

  /** The row on a line (the first that begins there or reaches over it); undefined: there is none. */
  row(line: number): DocumentRow | undefined {
    if (line < 0 || line >= this.lines.lineCount) return undefined;
    if (this.oneRowALine) return this.blanks.has(line) ? undefined : this.lineRow(line);
    const row = this.spanAt(line);
    return row === undefined ? undefined : this.spanRow(row);
  }

  /** The row of a number. */
  rowNumbered(row: number): DocumentRow | undefined {
    if (!Number.isInteger(row) || row < 0 || row >= this.rowCount) return undefined;
    return this.oneRowALine ? this.lineRow(this.blanks.lineOfRow(row)) : this.spanRow(row);
  }

  /** 0-based line on which a row begins. */
  lineOfRow(row: number): number {
    return this.oneRowALine ? this.blanks.lineOfRow(row) : (this.spanned().rows[row]?.start.line ?? -1);
  }

  /** Number of the row on a line; undefined: there is none. Nothing is parsed. */
  rowOfLine(line: number): number | undefined {
    if (line < 0 || line >= this.lines.lineCount) return undefined;
    if (this.oneRowALine) return this.blanks.has(line) ? undefined : line - this.blanks.before(line);
    return this.spanAt(line);
  }

  /** SHA-256 of the row on a line. */
  hashOfLine(line: number): string | undefined {
    if (!this.oneRowALine) return this.row(line)?.facts.hash;
    if (line < 0 || line >= this.lines.lineCount || this.blanks.has(line)) return undefined;
    return this.lineFacts(line).hash;
  }

  /** Lines on which rows of this content begin, ascending. Hashes what is not hashed yet: see `hashRows`. */
  linesOfHash(hash: string): readonly number[] {
    const table = this.hashTable();
    for (const line of this.unhashed) this.enter(table, line);
    this.unhashed.clear();
    return [...(table.get(hash) ?? [])].sort((a, b) => a - b);
  }

  /** Hashes every row, in slices; false: given up, as the document changed or nobody wants it any more. */
  async hashRows(pace: Pace): Promise<boolean> {
    const { version } = this;
    for (let row = 0; row < this.rowCount; row++) {
      this.hashOfLine(this.lineOfRow(row));
      if (pace.isDue && (!(await pace.next()) || this.version !== version)) return false;
    }
    return true;
  }

  /** Takes over what was typed. */
  apply(changes: readonly TextDocumentContentChangeEvent[], version: number): void {
    this.version = version;
    for (const change of changes) this.applyOne(change);
  }

  private applyOne(change: TextDocumentContentChangeEvent): void {
    const sampleEnd =
      this.oneRowALine && this.detected !== undefined ? this.lineOfSampleEnd() : Number.POSITIVE_INFINITY;
    const lines = this.lines.apply(change);
    this.blanks.apply(lines, (line) => this.isBlank(line));
    const { first, removed, added } = lines;
    if (first <= sampleEnd) this.detected = undefined;
    this.spans = undefined;
    if (!this.oneRowALine) {
      this.byHash = undefined;
      // The same record means something else under another header.
      this.values.clear();
      return;
    }
    if (removed === added) {
      for (let line = first; line < first + added; line++) {
        const before = this.facts[line]?.hash;
        if (before !== undefined) this.byHash?.get(before)?.delete(line);
        this.facts[line] = undefined;
        if (this.byHash !== undefined) this.unhashed.add(line);
      }
      return;
    }
    this.byHash = undefined;
    const fresh = new Array<RowFacts | undefined>(added);
    if (added <= spliceAtMost) {
      this.facts.splice(first, removed, ...fresh);
      return;
    }
    this.facts = this.facts.slice(0, first).concat(fresh, this.facts.slice(first + removed));
  }

  private lineOfSampleEnd(): number {
    return this.rowCount <= schemaSampleRows
      ? Number.POSITIVE_INFINITY
      : this.blanks.lineOfRow(schemaSampleRows * 2 - 1);
  }

  private isBlank(line: number): boolean {
    const text = this.rowText(line);
    const first = text.charCodeAt(0);
    return first === 0x7b ? false : /^[ \t\r]*$/.test(text);
  }

  /** The line without a byte-order mark. */
  private rowText(line: number): string {
    const text = this.lines.line(line);
    return line === 0 && text.startsWith('\ufeff') ? text.slice(1) : text;
  }

  private lineRow(line: number): DocumentRow {
    const text = this.rowText(line);
    const full = this.lines.line(line).length;
    const facts = this.lineFacts(line);
    const valueNow = () => (facts.hash === undefined ? undefined : this.valueIn(text));
    return {
      row: line - this.blanks.before(line),
      start: { line, character: full - text.length },
      end: { line, character: full },
      text,
      facts,
      get value() {
        return valueNow();
      },
    };
  }

  private lineFacts(line: number): RowFacts {
    const known = this.facts[line];
    if (known !== undefined) return known;
    const facts = this.parse(this.rowText(line)).facts;
    this.facts[line] = facts;
    return facts;
  }

  private spanned(): SpannedRows {
    if (this.spans !== undefined) return this.spans;
    const { format, limits } = this.options;
    this.spans =
      format === 'json-array'
        ? arraySpans(this.lines, limits)
        : csvSpans(this.lines, format === 'tsv' ? '\t' : ',', limits);
    return this.spans;
  }

  private spanAt(line: number): number | undefined {
    const { rows } = this.spanned();
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle]!.end.line < line) low = middle + 1;
      else high = middle;
    }
    return low < rows.length && rows[low]!.start.line <= line ? low : undefined;
  }

  private spanRow(row: number): DocumentRow {
    const span = this.spanned().rows[row]!;
    const text = span.text ?? '';
    // Other columns make another row of the same text.
    const key = `${this.spanned().header?.join('\t') ?? ''}\n${text}`;
    let facts = this.spanFacts.get(key);
    if (facts === undefined) {
      facts = this.parseSpan(span).facts;
      this.spanFacts.set(key, facts);
    }
    const valueNow = () => (facts.hash === undefined ? undefined : this.valueIn(text, span));
    return {
      row,
      start: span.start,
      end: span.end,
      text,
      facts,
      get value() {
        return valueNow();
      },
    };
  }

  private valueIn(text: string, span?: RowSpan): JsonObject | undefined {
    if (this.values.has(text)) return this.values.get(text);
    return (span === undefined ? this.parse(text) : this.parseSpan(span)).value;
  }

  private keep(text: string, value: JsonObject | undefined): void {
    if (this.values.size >= keptValues) this.values.delete(this.values.keys().next().value!);
    this.values.set(text, value);
  }

  private parse(text: string): { readonly facts: RowFacts; readonly value: JsonObject | undefined } {
    const { limits, format } = this.options;
    const address = this.nowhere();
    if (text.length > limits.maxRowBytes / 3 && Buffer.byteLength(text) > limits.maxRowBytes) {
      return refused({
        severity: 'error',
        code: 'row-too-long',
        message: `the row has ${Buffer.byteLength(text)} bytes; the limit is ${limits.maxRowBytes}.`,
        next: 'Split or delete this row.',
      });
    }
    const { row, problems } =
      format === 'text' ? { row: rowOf({ text }, address), problems: [] } : parseJsonText(text, address, limits);
    this.keep(text, row?.value);
    return {
      facts: { hash: row?.hash, flaws: problems.length === 0 ? noFlaws : problems.map(bareFlaw), slots: [] },
      value: row?.value,
    };
  }

  private parseSpan({ text, fault }: RowSpan): { readonly facts: RowFacts; readonly value: JsonObject | undefined } {
    const { format } = this.options;
    if (text === undefined) return refused(longRow);
    if (format === 'json-array') return this.parse(text);
    if (fault !== undefined) {
      return refused({ severity: 'error', code: 'csv-quote', message: fault, next: 'Write " inside a field as "".' });
    }
    const header = this.spanned().header ?? [];
    const cells = parseRecords([text], format === 'tsv' ? '\t' : ',')?.[0];
    if (cells === undefined || cells.length !== header.length) {
      return refused({
        severity: 'error',
        code: 'csv-columns',
        message: `the record has ${cells?.length ?? 0} cells; the header names ${header.length}.`,
        next: 'Quote cells that hold the delimiter, or add the missing cells.',
      });
    }
    const row = rowOf(ownEntries(header.map((name, column) => [name, cells[column]!])), this.nowhere());
    this.keep(text, row.value);
    return { facts: { hash: row.hash, flaws: noFlaws, slots: [] }, value: row.value };
  }

  private nowhere(): RowAddress {
    return { file: this.options.file, row: 0, line: 1, bytes: undefined };
  }

  private detection(): { readonly schema: Schema | undefined; readonly flaw: RowFlaw | undefined } {
    if (this.detected !== undefined) return this.detected;
    const rows: Row[] = [];
    // Rows that cannot be read say nothing of the schema; beyond twice the sample the search for readable ones ends.
    for (let row = 0; row < Math.min(this.rowCount, 2 * schemaSampleRows) && rows.length < schemaSampleRows; row++) {
      const found = this.rowNumbered(row)!;
      if (found.value !== undefined) rows.push(toRow(found, found.value, this.options.file));
    }
    const { named } = this.options;
    const { schema, problems } =
      named === undefined ? detectSchema(rows) : { schema: namedSchema(named.name, named.fields, rows), problems: [] };
    const [problem] = problems;
    this.detected = {
      schema: this.sameSchema(schema),
      flaw: problem === undefined ? undefined : unknownSchema(problem),
    };
    return this.detected;
  }

  /** The schema of before, where it is the same: what was found out about rows is kept by it. */
  private sameSchema(schema: Schema | undefined): Schema | undefined {
    if (JSON.stringify(schema) !== JSON.stringify(this.lastSchema)) this.lastSchema = schema;
    return this.lastSchema;
  }

  private hashTable(): Map<string, Set<number>> {
    if (this.byHash !== undefined) return this.byHash;
    const table = new Map<string, Set<number>>();
    for (let row = 0; row < this.rowCount; row++) this.enter(table, this.lineOfRow(row), row);
    this.unhashed.clear();
    this.byHash = table;
    return table;
  }

  private enter(table: Map<string, Set<number>>, line: number, row?: number): void {
    const hash = this.oneRowALine || row === undefined ? this.hashOfLine(line) : this.spanRow(row).facts.hash;
    if (hash === undefined) return;
    const lines = table.get(hash);
    if (lines === undefined) table.set(hash, new Set([line]));
    else lines.add(line);
  }
}

/** The row as the readers of files give it out. */
export function toRow(row: DocumentRow, value: JsonObject, file: string): Row {
  return {
    address: { file, row: row.row, line: row.start.line + 1, bytes: undefined },
    value,
    hash: row.facts.hash!,
  };
}

/** A problem without the name of the row in front of it. */
export function bareFlaw({ address, severity, code, message, next }: RowProblem): RowFlaw {
  const name = `${rowName(address)}: `;
  return { severity, code, message: message.startsWith(name) ? message.slice(name.length) : message, next };
}

function unknownSchema({ severity, code, message, next }: RowProblem): RowFlaw {
  return { severity, code, message: message.replace(/^.*?: (?=no schema)/, ''), next };
}

const longRow: RowFlaw = {
  severity: 'error',
  code: 'row-too-long',
  message: 'the row is longer than a row may be.',
  next: 'Split or delete this row.',
};

function refused(flaw: RowFlaw): { readonly facts: RowFacts; readonly value: undefined } {
  return { facts: { hash: undefined, flaws: [flaw], slots: [] }, value: undefined };
}
