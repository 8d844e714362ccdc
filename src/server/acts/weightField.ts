import path from 'node:path';
import type { TextLines } from '../../data/edits/textLines';
import { dataLimits } from '../../data/limits';
import { own } from '../../data/own';
import { parseJsonRow } from '../../data/parseRow';
import { statedSchema } from '../../data/readSchemaRows';
import { detectSchema, namedSchema, schemaSampleRows } from '../../data/schemas/detect';
import type { Row } from '../../data/types';
import { inputError } from '../../protocol/errors';
import type { WorkspaceWatch } from '../workspaceWatch';
import type { OpenText } from './openText';

/**
 * The member that a row's weight is read from, under the mapping of its file.
 *
 * @throws UserError `weight-unread` where a stated mapping reads none
 */
export async function weightField(
  { file }: Pick<OpenText, 'file'>,
  lines: TextLines,
  { workspace, labelOf }: Pick<WorkspaceWatch, 'workspace' | 'labelOf'>,
): Promise<string> {
  const entry = [...(workspace()?.data.values() ?? [])].find((data) => path.resolve(data.path) === file);
  const stated = await statedSchema({ path: file, label: labelOf(file), schema: statedBy(entry) }, dataLimits);
  const { named } = stated;
  const sample = sampleOf(lines);
  const schema =
    stated.schema ??
    (named === undefined ? detectSchema(sample).schema : namedSchema(named.name, named.fields, sample));
  const field = own(schema?.fields ?? {}, 'weight') as string | undefined;
  if (field !== undefined) return field;
  if (schema === undefined || schema.source === 'detected') return 'weight';
  throw inputError(
    'weight-unread',
    `The mapping that ${schema.source} states for ${path.basename(file)} reads no weight, so it would count for nothing.`,
    'Add "weight": "weight" to its fields, and do it again.',
  );
}

function statedBy(
  entry:
    | { readonly schema?: string | undefined; readonly fields?: Readonly<Record<string, string>> | undefined }
    | undefined,
) {
  return entry?.schema === undefined ? undefined : { name: entry.schema, fields: entry.fields ?? {} };
}

function sampleOf(lines: TextLines): readonly Row[] {
  const rows: Row[] = [];
  for (let line = 0; line < Math.min(lines.count, 2 * schemaSampleRows) && rows.length < schemaSampleRows; line++) {
    const address = { file: '', row: line, line: line + 1, bytes: undefined };
    const { row } = parseJsonRow(Buffer.from(lines.text(line)), address, dataLimits);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}
