import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inputError } from '../../protocol/errors';
import type { ServerContext } from '../context';

/** A file of the user as the editor would show it, to make edits of. */
export interface OpenText {
  readonly uri: string;
  /** Absolute. */
  readonly file: string;
  /** As the editor has it; of a file that is not open without the byte-order mark, which editors keep to themselves. */
  readonly text: string;
  /** Of the open document; null: it is not open. */
  readonly version: number | null;
  /** `missing`: there is no such file, and its text is empty. */
  readonly state: 'there' | 'missing';
}

/** Editors make no document of more, so nothing can be edited there: 50 x 1024^2 characters. */
export const mostCharacters = 50 * 2 ** 20;

/**
 * The text of a file: of the open document, edited or not, else of the disk.
 *
 * @throws UserError `not-a-file`, `file-not-found`, `file-too-large`, `bad-utf8`
 */
export function openText({ documents }: Pick<ServerContext, 'documents'>, uri: string): OpenText {
  const found = findText({ documents }, uri);
  if (found.state === 'there') return found;
  throw inputError('file-not-found', `${found.file} does not exist.`, 'Check whether it was moved.');
}

/** As `openText`, for files that need not exist. */
export function findText({ documents }: Pick<ServerContext, 'documents'>, uri: string): OpenText {
  if (!uri.startsWith('file:'))
    throw inputError('not-a-file', `${uri.slice(0, 200)} is no file.`, 'Save it as a file first.');
  const file = fileURLToPath(uri);
  const document = documents.get(uri);
  if (document !== undefined) {
    const text = document.getText();
    // A document that was read from bytes that are no UTF-8 would be saved as something else, in rows nobody touched.
    if (text.includes('\ufffd')) readDisk(file);
    return { uri, file, text, version: document.version, state: 'there' };
  }
  const text = readDisk(file);
  if (text === undefined) return { uri, file, text: '', version: null, state: 'missing' };
  return { uri, file, text: text.startsWith('\ufeff') ? text.slice(1) : text, version: null, state: 'there' };
}

function readDisk(file: string): string | undefined {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  if (!facts.isFile()) throw inputError('not-a-file', `${file} is no file.`, 'Choose a data file.');
  if (facts.size > 4 * mostCharacters) throw tooLarge(file, facts.size);
  const bytes = readFileSync(file);
  if (!isUtf8(bytes)) {
    throw inputError(
      'bad-utf8',
      `${path.basename(file)} is not UTF-8 throughout: an edit would change bytes of other rows.`,
      'Save it as UTF-8, then do it again.',
    );
  }
  const text = bytes.toString('utf8');
  if (text.length > mostCharacters) throw tooLarge(file, facts.size);
  return text;
}

function tooLarge(file: string, bytes: number): Error {
  return inputError(
    'file-too-large',
    `${path.basename(file)} has ${(bytes / 1e6).toFixed(0)} MB; no editor makes undoable edits of a file beyond 50 MB.`,
    'Split it into smaller files (for example "split -C 40m"), name them in whence.json, and do it again there.',
  );
}
