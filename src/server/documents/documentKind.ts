import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataLimits } from '../../data/limits';
import { findStatedMapping } from '../../data/mapping/find';
import { type Workspace, workspaceFileName } from '../../data/workspace/schema';
import type { RowDocumentOptions, RowFormat, RowHolding } from './rowDocument';

/** What a document is to Whence. */
export type DocumentKind =
  | { readonly kind: 'rows'; readonly holds: RowHolding; readonly format: RowFormat }
  | { readonly kind: 'workspaceFile' }
  | { readonly kind: 'recipe' };

const formats: Readonly<Record<string, RowFormat | 'json'>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.txt': 'text',
  '.text': 'text',
  '.md': 'text',
};

/** Absolute path of a document; undefined where it is no file on disk. */
export function documentPath(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  } catch {
    // A file: address with a host or an escaped separator names no file here.
    return undefined;
  }
}

/**
 * What a document is: JSON Lines always holds rows; other files only where whence.json names them, because most JSON,
 * CSV and text is something else. Undefined: none of ours.
 *
 * @param head the beginning of its text, to tell a JSON array from JSON Lines
 */
export function documentKind(uri: string, head: string, workspace: Workspace | undefined): DocumentKind | undefined {
  const file = documentPath(uri);
  const name = file ?? uri;
  const base = path.basename(name).toLowerCase();
  if (base === workspaceFileName) return { kind: 'workspaceFile' };
  if (base === 'recipe.json' || base.endsWith('.recipe.json')) return { kind: 'recipe' };
  const format = formats[path.extname(base)];
  if (format === undefined) return undefined;
  const holds = holdingOf(file, workspace);
  if (holds === undefined && format !== 'jsonl') return undefined;
  const isArray = head.replace(/^\ufeff/, '').trimStart()[0] === '[';
  return {
    kind: 'rows',
    holds: holds ?? 'data',
    format: format === 'json' ? (isArray ? 'json-array' : 'jsonl') : format,
  };
}

function holdingOf(file: string | undefined, workspace: Workspace | undefined): RowHolding | undefined {
  if (file === undefined || workspace === undefined) return undefined;
  if (file === workspace.queries) return 'queries';
  if (file === workspace.behaviours) return 'behaviours';
  return [...workspace.data.values()].some((entry) => entry.path === file) ? 'data' : undefined;
}

/** How a document of rows is to be opened: for `OpenDocument.openRows`. */
export async function rowOptions(
  uri: string,
  { holds, format }: Extract<DocumentKind, { kind: 'rows' }>,
  workspace: Workspace | undefined,
  limits: DataLimits,
): Promise<RowDocumentOptions> {
  const file = documentPath(uri) ?? uri;
  const entry = [...(workspace?.data.values() ?? [])].find((data) => data.path === file);
  const named = entry?.schema === undefined ? undefined : { name: entry.schema, fields: entry.fields ?? {} };
  const isOnDisk = documentPath(uri) !== undefined;
  const mapping =
    holds === 'data' && named === undefined && isOnDisk ? (await findStatedMapping(file, limits)).mapping : undefined;
  const label = workspace === undefined ? path.basename(file) : path.relative(workspace.folder, file);
  return { file: label, format, holds, schema: mapping?.schema, named, limits };
}
