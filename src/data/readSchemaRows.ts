import { inputError } from '../protocol/errors';
import { fileProblem } from './containers/batch';
import type { DataLimits } from './limits';
import { findStatedMapping } from './mapping/find';
import { readRows } from './readRows';
import { detectSchema, namedSchema, schemaSampleRows } from './schemas/detect';
import { type Row, type RowProblem, type Schema, type SchemaName, schemaNames } from './types';

/** A data file with what its owner says of it. */
export interface DataFile {
  readonly path: string;
  /** Name of the file in addresses and messages. */
  readonly label: string;
  /** The mapping that whence.json states; undefined: what a trainer's file beside the data states, else detected. */
  readonly schema: { readonly name: string; readonly fields: Readonly<Record<string, string>> } | undefined;
}

/** Rows with the mapping they follow; undefined where nothing fits. */
export interface SchemaRows {
  readonly rows: readonly Row[];
  readonly schema: Schema | undefined;
  readonly problems: readonly RowProblem[];
}

/** Rows of a data file, batch by batch, once their mapping is known: stated in whence.json or beside the data, else detected. */
export async function* readSchemaRows(file: DataFile, limits: DataLimits): AsyncGenerator<SchemaRows> {
  const stated = await statedSchema(file, limits);
  let { schema } = stated;
  if (stated.problems.length > 0) yield { rows: [], schema, problems: stated.problems };
  let waiting: Row[] = [];
  const detect = (): SchemaRows => {
    if (stated.named !== undefined) {
      schema = namedSchema(stated.named.name, stated.named.fields, waiting);
      return { rows: waiting, schema, problems: [] };
    }
    const detected = detectSchema(waiting);
    schema = detected.schema;
    return { rows: waiting, schema, problems: detected.problems };
  };
  for await (const { rows, problems } of readRows(file.path, { file: file.label, limits })) {
    if (schema !== undefined) {
      yield { rows, schema, problems };
      continue;
    }
    if (problems.length > 0) yield { rows: [], schema, problems };
    waiting = waiting.concat(rows);
    if (waiting.length < schemaSampleRows) continue;
    yield detect();
    if (schema === undefined) return;
    waiting = [];
  }
  if (waiting.length > 0) yield detect();
}

/** What is said of a file's mapping: all of it, or its name and some of its fields. */
export interface StatedSchema {
  readonly schema: Schema | undefined;
  /** For `namedSchema`, with the first rows. */
  readonly named: { readonly name: SchemaName; readonly fields: Readonly<Record<string, string>> } | undefined;
  readonly problems: readonly RowProblem[];
}

/** The mapping that whence.json or a trainer’s file beside the data states; nothing where none does. */
export async function statedSchema({ path, label, schema }: DataFile, limits: DataLimits): Promise<StatedSchema> {
  if (schema !== undefined) {
    const name = schemaNames.find((known) => known === schema.name);
    if (name === undefined) {
      throw inputError(
        'schema-unknown',
        `${label}: there is no schema ${schema.name}.`,
        `Use one of ${schemaNames.join(', ')}.`,
      );
    }
    return { schema: undefined, named: { name, fields: schema.fields }, problems: [] };
  }
  const { mapping, problems } = await findStatedMapping(path, limits);
  return {
    schema: mapping?.schema,
    named: undefined,
    problems: problems.map(({ file, line, column, severity, code, message, next }) =>
      fileProblem(severity, label, code, `${file}:${line}:${column}: ${message}`, next),
    ),
  };
}
