import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerContext } from '../context';

/** The lines of a file as the editor has it. */
export interface FileLines {
  /** null: it is not open in the editor. */
  readonly version: number | null;
  readonly count: number;
  text(line: number): string;
}

/** Files that are not open are read whole up to this size, bytes. */
const largest = 64 << 20;

/** Lines of a document, or of the file on disk where it is not open; undefined where it cannot be read. */
export function fileLines({ documents }: Pick<ServerContext, 'documents'>, uri: string): FileLines | undefined {
  const document = documents.get(uri);
  if (document !== undefined) {
    const { lineCount: count, version } = document;
    const text = (line: number): string =>
      document.getText({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } }).replace(/\r?\n$/, '');
    return { version, count, text };
  }
  try {
    const file = fileURLToPath(uri);
    if (statSync(file).size > largest) return undefined;
    const lines = readFileSync(file, 'utf8').split(/\r?\n/);
    return { version: null, count: lines.length, text: (line) => lines[line] ?? '' };
  } catch {
    // A file that is gone has no tags; whoever opens it is told by the editor itself.
    return undefined;
  }
}
