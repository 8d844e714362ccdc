import { fileURLToPath } from 'node:url';
import type { EditorRequests } from '../../protocol/editor';
import { inputError } from '../../protocol/errors';
import type { EditorSettings } from '../../protocol/settings';
import type { TagIndex } from '../tags/createTagIndex';
import { type LargeFile, openLargeFile } from './openLargeFile';

type Rows = EditorRequests['whence/largeRows'];

/** Large files that are being looked at. */
export interface LargeFiles {
  /** @param settings null: no marks are wanted */
  rows(request: Rows['params'], settings: EditorSettings | null): Promise<Rows['result']>;
  find(uri: string, text: string, from: number, signal: AbortSignal): Promise<number | null>;
  /** The whole line; undefined: there is none, or it is longer than a row may be here. */
  line(uri: string, line: number): Promise<string | undefined>;
  close(uri: string): Promise<void>;
  closeAll(): Promise<void>;
}

const bounds = {
  /** Lines of one answer. */
  lines: 500,
  /** Bytes of a line that are shown, and that a row may have to be recognised. */
  shown: 1 << 20,
  recognised: 1 << 18,
  /** Files that stay open. */
  files: 4,
  /** Lines around that say which row an edited one is: see `tracedLines`. */
  around: 40,
};

export function createLargeFiles(tags: TagIndex): LargeFiles {
  const files = new Map<string, Promise<LargeFile>>();

  const fileOf = (uri: string): Promise<LargeFile> => {
    const known = files.get(uri);
    if (known !== undefined) return known;
    if (!uri.startsWith('file:')) throw inputError('not-a-file', `${uri.slice(0, 200)} is no file.`, 'Open a file.');
    const opened = openLargeFile(fileURLToPath(uri));
    files.set(uri, opened);
    opened.catch(() => files.delete(uri));
    const [oldest] = files.keys();
    if (files.size > bounds.files && oldest !== undefined) void close(oldest);
    return opened;
  };
  const close = async (uri: string): Promise<void> => {
    const file = files.get(uri);
    files.delete(uri);
    await (await file?.catch(() => undefined))?.close();
  };

  return {
    rows: async ({ uri, first, last, characters }, settings) => {
      const file = await fileOf(uri);
      const to = Math.min(last, first + bounds.lines);
      const mostBytes = Math.min(bounds.shown, Math.max(bounds.recognised, characters));
      const from = settings === null ? first : Math.max(0, first - bounds.around);
      const lines = await file.read(from, settings === null ? to : to + bounds.around, mostBytes);
      const { count, complete } = file.lines();
      const shown = lines.slice(first - from, to - from);
      const window = {
        // Lines beyond those that were read are not looked at.
        count: from + lines.length,
        // A row that was cut is not recognised, and must not pass for an edited one.
        text: (line: number) => {
          const found = lines[line - from];
          return found === undefined || found.cut > 0 ? '' : found.text;
        },
      };
      return {
        // Behind the end nothing was read, which says nothing of how many lines there are.
        lines: lines.length === 0 ? count : Math.max(count, from + lines.length),
        complete,
        texts: shown.map(({ text }) => text.slice(0, characters)),
        tags: settings === null ? [] : tags.tags(uri, window, first, first + shown.length, settings),
      };
    },
    find: async (uri, text, from, signal) => (await (await fileOf(uri)).find(text, from, signal)) ?? null,
    line: async (uri, line) => {
      const [found] = await (await fileOf(uri)).read(line, line + 1, bounds.shown);
      return found === undefined || found.cut > 0 ? undefined : found.text;
    },
    close,
    closeAll: async () => {
      await Promise.all([...files.keys()].map(close));
    },
  };
}
