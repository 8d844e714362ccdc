/**
 * largeFiles/ reads files that are too large to be documents of an editor: by byte range, with a sparse index of lines.
 * It never holds a file, and never writes.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { inputError } from '../../protocol/errors';

/** A line, without its line end. */
export interface LargeLine {
  /** Its beginning where it is longer than was asked for. */
  readonly text: string;
  /** Bytes that `text` leaves out. */
  readonly cut: number;
}

/** A file that lines are read from. */
export interface LargeFile {
  readonly size: number;
  /** Lines known so far; all of them once the file was gone through. */
  lines(): { readonly count: number; readonly complete: 'yes' | 'counting' };
  /**
   * Lines [first, last), 0-based; fewer at the end of the file. Waits until the lines are reached.
   *
   * @param mostBytes of a line that are kept
   * @throws UserError `file-changed`
   */
  read(first: number, last: number, mostBytes: number): Promise<readonly LargeLine[]>;
  /** The first line from `from` on that holds the text, exactly; undefined: none does. */
  find(text: string, from: number, signal: AbortSignal): Promise<number | undefined>;
  close(): Promise<void>;
}

const chunkBytes = 1 << 20;
/** Bytes between two marks of the index: what is read to reach any line. */
const markBytes = 1 << 18;
const newline = 0x0a;

/** Opens a file and goes through it in the background. @throws UserError `file-not-found` */
export async function openLargeFile(file: string): Promise<LargeFile> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    throw inputError('file-not-found', `${file} cannot be read (${error.code}).`, 'Check whether it was moved.');
  });
  const { size, mtimeMs } = await handle.stat();
  /** Lines that begin at known offsets, ascending, at least `markBytes` apart. */
  const marks: { readonly line: number; readonly offset: number }[] = [{ line: 0, offset: await markLength(handle) }];
  let count = 0;
  let complete: 'yes' | 'counting' = 'counting';
  let failure: unknown;
  let closed = false;
  let waiting: (() => void)[] = [];

  const wake = (): void => {
    const all = waiting;
    waiting = [];
    for (const go of all) go();
  };
  const scan = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(chunkBytes);
    let position = marks[0]!.offset;
    let lineStart = position;
    while (!closed) {
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) {
        count += 1;
        lineStart = position + at + 1;
        if (lineStart - marks.at(-1)!.offset >= markBytes) marks.push({ line: count, offset: lineStart });
      }
      position += bytesRead;
      wake();
    }
    // What stands behind the last line end is a line too.
    if (!closed && lineStart < position) count += 1;
  };
  const scanned = scan()
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      complete = 'yes';
      wake();
    });

  /** Waits until a line is known to be there, or the file has ended. */
  const reach = async (line: number): Promise<void> => {
    while (count <= line && complete === 'counting') await new Promise<void>((go) => waiting.push(go));
    if (failure !== undefined) throw failure;
  };
  const requireSame = async (): Promise<void> => {
    const now = await stat(file).catch(() => undefined);
    if (now?.size === size && now.mtimeMs === mtimeMs) return;
    throw inputError(
      'file-changed',
      `${path.basename(file)} has changed since it was opened.`,
      'Close the editor and open the file again.',
    );
  };
  const markBefore = (line: number): (typeof marks)[number] => {
    let [low, high] = [0, marks.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (marks[middle]!.line <= line) low = middle;
      else high = middle;
    }
    return marks[low]!;
  };

  return {
    size,
    lines: () => ({ count, complete }),
    read: async (first, last, mostBytes) => {
      if (closed || !(first >= 0 && last > first)) return [];
      await requireSame();
      // The beginning of a file is there at once, whatever its size.
      const from = markBefore(first);
      if (first - from.line > 0 && complete === 'counting' && from === marks.at(-1)) await reach(first);
      return readLines(handle, markBefore(first), first, last, mostBytes);
    },
    find: async (text, from, signal) => {
      const needle = Buffer.from(text);
      if (needle.length === 0) return undefined;
      await reach(from);
      return closed ? undefined : findFrom(handle, markBefore(from), from, needle, signal);
    },
    close: async () => {
      closed = true;
      wake();
      await scanned;
      await handle.close();
    },
  };
}

async function markLength(handle: FileHandle): Promise<number> {
  const head = Buffer.alloc(3);
  const { bytesRead } = await handle.read(head, 0, 3, 0);
  return bytesRead === 3 && head.equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
}

async function readLines(
  handle: FileHandle,
  start: { readonly line: number; readonly offset: number },
  first: number,
  last: number,
  mostBytes: number,
): Promise<readonly LargeLine[]> {
  const found: LargeLine[] = [];
  const buffer = Buffer.allocUnsafeSlow(markBytes);
  let { line } = start;
  let position = start.offset;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let lineBytes = 0;
  let lastByte = 0;
  const end = (): void => {
    const returned = lineBytes > 0 && lastByte === 0x0d ? 1 : 0;
    const bytes = Buffer.concat(held).subarray(0, Math.min(heldBytes, lineBytes - returned));
    if (line >= first) found.push({ text: bytes.toString('utf8'), cut: lineBytes - returned - bytes.length });
    line += 1;
    [held, heldBytes, lineBytes] = [[], 0, 0];
  };
  while (line < last) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) {
      if (lineBytes > 0) end();
      break;
    }
    let from = 0;
    while (from < bytesRead && line < last) {
      const at = buffer.subarray(0, bytesRead).indexOf(newline, from);
      const to = at === -1 ? bytesRead : at;
      lineBytes += to - from;
      if (to > from) lastByte = buffer[to - 1]!;
      if (line >= first && heldBytes < mostBytes) {
        const part = Buffer.from(buffer.subarray(from, Math.min(to, from + mostBytes - heldBytes)));
        held.push(part);
        heldBytes += part.length;
      }
      if (at !== -1) end();
      from = to + 1;
    }
    position += bytesRead;
  }
  return found;
}

async function findFrom(
  handle: FileHandle,
  start: { readonly line: number; readonly offset: number },
  from: number,
  needle: Buffer,
  signal: AbortSignal,
): Promise<number | undefined> {
  const overlap = needle.length - 1;
  const buffer = Buffer.allocUnsafeSlow(chunkBytes + overlap);
  let { line } = start;
  let position = start.offset;
  let kept = 0;
  while (!signal.aborted) {
    const { bytesRead } = await handle.read(buffer, kept, chunkBytes, position);
    if (bytesRead === 0) return undefined;
    position += bytesRead;
    const chunk = buffer.subarray(0, kept + bytesRead);
    let counted = 0;
    const countTo = (end: number): void => {
      for (let at = chunk.indexOf(newline, counted); at !== -1 && at < end; at = chunk.indexOf(newline, at + 1))
        line += 1;
      counted = Math.max(counted, end);
    };
    for (let at = chunk.indexOf(needle); at !== -1; at = chunk.indexOf(needle, at + 1)) {
      countTo(at);
      if (line >= from) return line;
    }
    // The tail is looked at again with what follows, and its line ends are counted then.
    const tail = Math.min(overlap, chunk.length);
    countTo(chunk.length - tail);
    chunk.copyWithin(0, chunk.length - tail);
    kept = tail;
  }
  return undefined;
}
