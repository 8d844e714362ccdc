import { fileAddress } from '../containers/batch';
import { own } from '../own';
import { rowName } from '../parseRow';
import { type Row, type RowProblem, type Schema, type SchemaName, schemaNames } from '../types';
import { commonRoles } from './messages';
import { blankLineTurns } from './promptStyle';
import { type Shape, shapes } from './shapes';

export interface SchemaCandidate {
  readonly schema: Schema;
  /** Rows of the sample that fit it. */
  readonly rows: number;
}

export interface DetectedSchema {
  /** undefined where no row has a shape that is recognised. */
  readonly schema: Schema | undefined;
  /** Every mapping that fits some row, the likeliest first. */
  readonly candidates: readonly SchemaCandidate[];
  readonly problems: readonly RowProblem[];
}

/** Rows that a detection needs; more make it no surer. */
export const schemaSampleRows = 256;

/** A more telling shape wins over a plainer one that fits more rows, as long as it fits this share of them. */
const tellingShare = 0.5;

/**
 * Which mapping a sample of rows follows. Rows may differ in optional fields; a row that fits another mapping only is a
 * problem when it is read, not here.
 */
export function detectSchema(rows: readonly Row[]): DetectedSchema {
  const sample = rows.slice(0, schemaSampleRows);
  const found = new Map<string, { name: SchemaName; fields: Record<string, string>; rows: number }>();
  for (const row of sample) {
    for (const name of schemaNames) {
      const required = fittingFields(row, shapes[name].required);
      if (required === undefined) continue;
      const key = JSON.stringify([name, required]);
      const entry = found.get(key) ?? { name, fields: required, rows: 0 };
      entry.rows++;
      Object.assign(entry.fields, presentFields(row, shapes[name].optional, entry.fields));
      found.set(key, entry);
    }
  }
  const most = Math.max(0, ...[...found.values()].map((entry) => entry.rows));
  const telling = (entry: { readonly rows: number }) => (entry.rows >= most * tellingShare ? 0 : 1);
  const order = (name: SchemaName) => schemaNames.indexOf(name);
  const candidates = [...found.values()]
    .sort((a, b) => telling(a) - telling(b) || order(a.name) - order(b.name) || b.rows - a.rows)
    .map(({ name, fields, rows: count }) => ({ schema: detectedSchema(name, fields), rows: count }));
  const schema = candidates[0]?.schema;
  return { schema, candidates, problems: schema === undefined && sample.length > 0 ? [unknownShape(sample)] : [] };
}

/**
 * The mapping of a schema that whence.json names, with fields that are stated; where none is, they are
 * spelled as the sample spells them. A required field that no row has keeps its usual name, so that rows say what they lack.
 */
export function namedSchema(name: SchemaName, stated: Readonly<Record<string, string>>, rows: readonly Row[]): Schema {
  const sample = rows.slice(0, schemaSampleRows);
  const fields: Record<string, string> = { ...stated };
  const used = new Set(Object.values(stated));
  const { required } = shapes[name];
  // Who states fields says which optional ones are read.
  const optional = Object.keys(stated).length === 0 ? shapes[name].optional : {};
  for (const [field, { spellings, fits }] of [...Object.entries(required), ...Object.entries(optional)]) {
    if (Object.hasOwn(fields, field)) continue;
    const present = spellings.find((spelling) => {
      const holds = (row: Row) => {
        const value = own(row.value, spelling);
        return value !== undefined && value !== null && fits(value);
      };
      return !used.has(spelling) && sample.some(holds);
    });
    const absent = !used.has(spellings[0]!) && !sample.some((row) => Object.hasOwn(row.value, spellings[0]!));
    // A weight may be given to any row later.
    const usual = Object.hasOwn(required, field) || (field === 'weight' && absent) ? spellings[0] : undefined;
    const spelling = present ?? usual;
    if (spelling === undefined) continue;
    fields[field] = spelling;
    used.add(spelling);
  }
  return { ...detectedSchema(name, fields), source: 'whence.json' };
}

/** A mapping with everything that no file states left to the trainers' rules. */
export function detectedSchema(name: SchemaName, fields: Readonly<Record<string, string>>): Schema {
  return {
    name,
    family: shapes[name].family,
    fields,
    source: 'detected',
    roles: commonRoles,
    train: 'trainer',
    prompt: blankLineTurns,
  };
}

/** How the row spells each required field; undefined where one is missing or of another type. */
function fittingFields(row: Row, required: Shape['required']): Record<string, string> | undefined {
  const fields: Record<string, string> = {};
  for (const [field, { spellings, fits }] of Object.entries(required)) {
    const spelling = spellings.find((name) => {
      const value = own(row.value, name);
      return value !== undefined && value !== null && fits(value);
    });
    if (spelling === undefined) return undefined;
    fields[field] = spelling;
  }
  return fields;
}

/** How the row spells the optional fields it has, leaving out names that another field already reads. */
function presentFields(row: Row, optional: Shape['optional'], taken: Readonly<Record<string, string>>) {
  const fields: Record<string, string> = {};
  const used = new Set(Object.values(taken));
  for (const [field, { spellings, fits }] of Object.entries(optional)) {
    if (Object.hasOwn(taken, field)) continue;
    const spelling = spellings.find((name) => {
      const value = own(row.value, name);
      return !used.has(name) && value !== undefined && value !== null && fits(value);
    });
    if (spelling !== undefined) {
      fields[field] = spelling;
      used.add(spelling);
    }
  }
  return fields;
}

/** What an unrecognised row most likely wants to be, where it lacks equally much of several shapes. */
const common: readonly SchemaName[] = ['openai-chat', 'alpaca', 'prompt-completion', 'question-answer', 'dpo'];

/** Names the fields that are there and the shape that lacks the least. */
function unknownShape(sample: readonly Row[]): RowProblem {
  const row = sample[0]!;
  const has = Object.keys(row.value);
  let best: { readonly name: SchemaName; readonly lacks: readonly string[]; readonly shares: number } | undefined;
  for (const name of [...common, ...schemaNames]) {
    const fields = Object.values(shapes[name].required);
    const lacking = fields.filter(({ spellings }) => !spellings.some((spelling) => has.includes(spelling)));
    const shares = fields.length - lacking.length;
    if (shares > 0 && (best === undefined || lacking.length < best.lacks.length)) {
      best = { name, lacks: lacking.map(({ spellings }) => spellings[0]!), shares };
    }
  }
  const near =
    best === undefined
      ? 'Rename the columns to text, or prompt and completion, or messages; or state the mapping beside the data.'
      : best.lacks.length === 0
        ? `It looks like ${best.name}, but a field has another type than that needs; check the values.`
        : `It looks like ${best.name}, which also needs ${best.lacks.join(' and ')}.`;
  const names = has.slice(0, 12).join(', ');
  return {
    address: fileAddress(row.address.file),
    severity: 'error',
    code: 'schema-unknown',
    message: `${rowName(row.address)}: no schema is recognised; the row has the fields ${names === '' ? '(none)' : names}.`,
    next: near,
  };
}
