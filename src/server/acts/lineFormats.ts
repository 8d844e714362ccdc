import path from 'node:path';
import { inputError } from '../../protocol/errors';

const endings = ['.jsonl', '.ndjson'];

/** Acts move and rewrite lines, so each row must be one. @throws UserError `not-json-lines` */
export function requireJsonLines(file: string): void {
  if (endings.includes(path.extname(file).toLowerCase())) return;
  throw inputError(
    'not-json-lines',
    `Rows of ${path.basename(file)} are not lines of JSON, so they cannot be moved or changed one by one.`,
    'Convert it to JSON Lines (.jsonl), name that file in whence.json, and do it again there.',
  );
}

export function isJsonLines(uri: string): boolean {
  return endings.some((ending) => uri.toLowerCase().endsWith(ending));
}
