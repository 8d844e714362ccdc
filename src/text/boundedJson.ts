/** JSON files of a model folder as hostile input: regular files only, bounded size and depth, errors that name the file. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { jsonFault, textStructure } from '../data/jsonText';
import { inputError } from '../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';

/** The largest tokenizer.json files in use have about 35 MB. */
const maximumBytes = 128 * 1024 * 1024;
const maximumDepth = 64;

/** The text of a UTF-8 file, or undefined where there is none. Throws a UserError on anything but a readable file. */
export function readTextFileIfPresent(file: string): string | undefined {
  let descriptor: number;
  try {
    // Non-blocking, because opening a pipe that nobody writes to would otherwise wait for ever.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw inputError('file-unreadable', `${file} cannot be read (${code}).`, 'Check the path and its permissions.', {
      cause: error,
    });
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      throw inputError('not-a-file', `${file} is not a regular file.`, 'Put a plain file of that name there.');
    }
    if (status.size > maximumBytes) {
      throw inputError(
        'file-too-large',
        `${file} has ${status.size} bytes, more than the ${maximumBytes} such a file may have.`,
        'Check that it is the file of that name which belongs to the model.',
      );
    }
    return decodeUtf8(file, readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function decodeUtf8(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw inputError('bad-utf8', `${file} is not valid UTF-8.`, 'Fetch or save the file again as UTF-8.', {
      cause: error,
    });
  }
}

/** The object in a JSON file, or undefined where there is no such file. */
export function readJsonObjectIfPresent(file: string): JsonObject | undefined {
  const text = readTextFileIfPresent(file);
  return text === undefined ? undefined : parseJsonObject(file, text);
}

/** Parses a JSON object; `file` is named in errors. */
export function parseJsonObject(file: string, text: string): JsonObject {
  // Depth is counted before parsing, so that nothing recursive ever meets a deep value.
  if (textStructure(text).depth > maximumDepth) {
    throw inputError(
      'json-too-deep',
      `${file} nests more than ${maximumDepth} levels deep.`,
      'Fetch the file again; no tokenizer or model configuration is that deep.',
    );
  }
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    const fault = jsonFault(text);
    if (fault === undefined) throw error;
    throw inputError(
      'bad-json',
      `${file} is not JSON at character ${fault.index + 1}: ${fault.reason}.`,
      'Fetch the file again or repair it.',
    );
  }
  if (!isJsonObject(value)) {
    throw inputError('bad-json', `${file} does not hold a JSON object.`, 'Fetch the file again or repair it.');
  }
  return value;
}
