import type { DataLimits } from '../limits';

/**
 * Checks the metadata of an Arrow IPC message (a flatbuffer, Arrow's Message.fbs and Schema.fbs) before apache-arrow
 * reads it: that reader believes every count and offset, so a single changed byte could make it loop over billions of
 * fields. Symbols: a table begins with the distance back to its vtable; a vtable holds its own length, the table's length
 * and the place of each field.
 */

/** What follows a message's metadata. @throws RangeError where a count or an offset does not fit */
export function checkedBodyLength(metadata: Buffer, limits: DataLimits): number {
  const message = new Table(metadata, metadata.readUInt32LE(0));
  const body = message.long(messageFields.bodyLength);
  if (body < 0 || body > limits.maxGroupBytes) throw new RangeError(`a message claims ${body} bytes`);
  const header = message.table(messageFields.header);
  const fields = { left: maxFields };
  switch (header === undefined ? 0 : message.byte(messageFields.headerType)) {
    case headerTypes.schema:
      checkSchema(header!, fields);
      break;
    case headerTypes.dictionaryBatch: {
      const records = header!.table(1);
      if (records === undefined) throw new RangeError('a dictionary is without values');
      checkRecordBatch(records, body, limits);
      break;
    }
    case headerTypes.recordBatch:
      checkRecordBatch(header!, body, limits);
      break;
    default:
      throw new RangeError('a message is of an unknown kind');
  }
  return body;
}

const messageFields = { headerType: 1, header: 2, bodyLength: 3 } as const;
const headerTypes = { schema: 1, dictionaryBatch: 2, recordBatch: 3 } as const;
const unionType = 14;
const maxFields = 10_000;
const maxFieldDepth = 64;

function checkSchema(schema: Table, count: { left: number }): void {
  for (const field of schema.tables(1)) checkField(field, 1, count);
  schema.tables(2);
}

function checkField(field: Table, depth: number, count: { left: number }): void {
  if (count.left-- <= 0) throw new RangeError(`it has more than ${maxFields} fields`);
  if (depth > maxFieldDepth) throw new RangeError('its fields are nested too deep');
  if (field.byte(2) === unionType) throw new RangeError('columns of the type union are not supported');
  field.table(3);
  field.table(4)?.table(1);
  for (const child of field.tables(5)) checkField(child, depth + 1, count);
  field.tables(6);
}

function checkRecordBatch(records: Table, body: number, limits: DataLimits): void {
  const rows = records.long(0);
  // A value takes a bit at least, unless it is of the type null.
  const most = Math.max(limits.maxIndexedRows, 8 * body);
  if (rows < 0 || rows > limits.maxIndexedRows) throw new RangeError(`a record batch claims ${rows} rows`);
  for (const [length, nulls] of records.pairs(1)) {
    if (length < 0 || length > most || nulls < 0 || nulls > length) {
      throw new RangeError(`a column claims ${length} values`);
    }
  }
  for (const [offset, length] of records.pairs(2)) {
    if (offset < 0 || length < 0 || offset + length > body) throw new RangeError(`a column claims ${length} bytes`);
  }
}

/** One table of a flatbuffer; every read is checked against the buffer. */
class Table {
  private readonly vtable: number;
  private readonly fieldCount: number;
  private readonly length: number;

  constructor(
    private readonly bytes: Buffer,
    private readonly at: number,
  ) {
    // Buffer's read methods throw a RangeError outside the buffer; typed access below relies on that.
    this.vtable = at - bytes.readInt32LE(at);
    const vtableLength = bytes.readUInt16LE(this.vtable);
    this.length = bytes.readUInt16LE(this.vtable + 2);
    if (vtableLength < 4 || this.vtable + vtableLength > bytes.length || at + this.length > bytes.length) {
      throw new RangeError('its metadata is damaged');
    }
    this.fieldCount = (vtableLength - 4) >> 1;
  }

  /** Place of a field's value; undefined where the field is absent. */
  private place(field: number): number | undefined {
    const offset = field < this.fieldCount ? this.bytes.readUInt16LE(this.vtable + 4 + 2 * field) : 0;
    if (offset > this.length) throw new RangeError('its metadata is damaged');
    return offset === 0 ? undefined : this.at + offset;
  }

  byte(field: number): number {
    const place = this.place(field);
    return place === undefined ? 0 : this.bytes.readUInt8(place);
  }

  /** An int64 as a number; beyond 2^53 it is refused. */
  long(field: number): number {
    const place = this.place(field);
    return place === undefined ? 0 : this.longAt(place);
  }

  private longAt(place: number): number {
    const value = this.bytes.readBigInt64LE(place);
    if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) throw new RangeError(`it claims ${value}`);
    return Number(value);
  }

  table(field: number): Table | undefined {
    const place = this.place(field);
    return place === undefined ? undefined : new Table(this.bytes, place + this.bytes.readUInt32LE(place));
  }

  tables(field: number): Table[] {
    const { start, length } = this.vector(field, 4);
    return Array.from({ length }, (_, index) => {
      const place = start + 4 * index;
      return new Table(this.bytes, place + this.bytes.readUInt32LE(place));
    });
  }

  /** A vector of structs of two int64. */
  pairs(field: number): [number, number][] {
    const { start, length } = this.vector(field, 16);
    return Array.from({ length }, (_, index) => [this.longAt(start + 16 * index), this.longAt(start + 16 * index + 8)]);
  }

  private vector(field: number, width: number): { start: number; length: number } {
    const place = this.place(field);
    if (place === undefined) return { start: 0, length: 0 };
    const at = place + this.bytes.readUInt32LE(place);
    const length = this.bytes.readUInt32LE(at);
    if (at + 4 + length * width > this.bytes.length) throw new RangeError(`its metadata claims ${length} entries`);
    return { start: at + 4, length };
  }
}
