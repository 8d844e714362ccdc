import type { JsonValue } from '../../protocol/json';
import { own } from '../own';
import { article } from '../parseRow';
import type { Row, Schema } from '../types';

/** Why a row does not fit its schema. Thrown and caught inside schemas/, where it becomes a problem of the row. */
export class RowFault extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly next: string,
  ) {
    super(message);
  }
}

export function wrongType(place: string, expected: string, value: JsonValue | undefined): RowFault {
  return value === undefined || value === null
    ? new RowFault('field-missing', `the field ${place} is ${article(value)}.`, `Give it ${expected}.`)
    : new RowFault('field-type', `the field ${place} is ${article(value)}, not ${expected}.`, `Make it ${expected}.`);
}

/** Reads the fields of one row by what they are for. */
export class RowFields {
  constructor(
    private readonly row: Row,
    private readonly schema: Schema,
  ) {}

  /** How the file spells a field. */
  spelled(field: string): string {
    return (own(this.schema.fields, field) as string | undefined) ?? field;
  }

  /** The value; undefined where the schema does not read the field, the row lacks it or it is null. */
  value(field: string): JsonValue | undefined {
    const name = own(this.schema.fields, field) as string | undefined;
    return name === undefined ? undefined : (own(this.row.value, name) ?? undefined);
  }

  /** A weight that rows of the sample, from which the mapping was found, did not have. */
  lateWeight(): number | undefined {
    if (this.schema.source !== 'detected' || Object.hasOwn(this.schema.fields, 'weight')) return undefined;
    const value = own(this.row.value, 'weight');
    return typeof value === 'number' && value >= 0 ? value : undefined;
  }

  text(field: string): string {
    const value = this.value(field);
    if (typeof value === 'string') return value;
    throw wrongType(this.spelled(field), 'a text', value);
  }

  /** A text that may be absent or null. */
  optionalText(field: string): string | undefined {
    return this.value(field) === undefined ? undefined : this.text(field);
  }

  list(field: string): readonly JsonValue[] {
    const value = this.value(field);
    if (Array.isArray(value)) return value as readonly JsonValue[];
    throw wrongType(this.spelled(field), 'a list', value);
  }
}

/** The row's own weight, 1 where it has none. CSV cells hold it as text. */
export function readWeight(fields: RowFields): number {
  const value = fields.value('weight') ?? fields.lateWeight();
  if (value === undefined || value === '') return 1;
  const weight = typeof value === 'string' ? Number(value) : value;
  if (typeof weight !== 'number' || !Number.isFinite(weight) || weight < 0) {
    const shown = JSON.stringify(value).slice(0, 60);
    throw new RowFault(
      'row-weight',
      `the field ${fields.spelled('weight')} is ${shown}.`,
      'Make it a number of 0 or more.',
    );
  }
  return weight;
}
