import type { DataLimits } from '../limits';
import { type QuarantineNote, readNote } from './quarantineNote';
import { insertLines, removeLines } from './removeLines';
import { applyTextEdits, type TextEdit } from './textEdit';
import { splitLines } from './textLines';

export interface RestoreEdits {
  readonly data: readonly TextEdit[];
  readonly quarantine: readonly TextEdit[];
  /** Where the rows are afterwards, 0-based lines of the data. */
  readonly restored: readonly number[];
}

/**
 * Takes rows out of quarantine: each goes back, as it was, to the line it came from, or as near as what is there now
 * allows. Lines without a note are left where they are.
 *
 * @param chosen 0-based lines of the quarantine file
 * @param file name of the data file: rows of others are left where they are
 */
export function restoreRows(
  data: string,
  quarantine: string,
  chosen: readonly number[],
  file: string,
  limits: DataLimits,
): RestoreEdits {
  const kept = splitLines(quarantine);
  const entries: Entry[] = [];
  for (let line = 0; line < kept.count; line++) {
    const found = readNote(kept.text(line), limits);
    if (found !== undefined && found.note.file === file) entries.push({ ...found, at: line });
  }
  const wanted = new Set(chosen);
  const staying = entries.filter(({ at }) => !wanted.has(at));
  const going = entries.filter(({ at }) => wanted.has(at));
  const { text, restored, edits } = putBack(data, going, staying);
  return {
    data: edits ?? [replacement(data, text)],
    quarantine: removeLines(
      kept,
      going.map(({ at }) => at),
    ).edits,
    restored,
  };
}

interface Entry {
  readonly text: string;
  readonly note: QuarantineNote;
  /** Line of the quarantine file. */
  readonly at: number;
}

/**
 * Each act counted lines of the file as the acts before it had left it, so rows come back act by act, the last one
 * first, and rows that stay away are counted out. `edits` where one act alone is concerned.
 */
function putBack(data: string, going: readonly Entry[], staying: readonly Entry[]) {
  const all = [...going, ...staying].sort((a, b) => a.at - b.at);
  const acts = [...new Set(all.map(({ note }) => note.date))].reverse();
  const concerned = new Set(going.map(({ note }) => note.date));
  let text = data;
  let edits: readonly TextEdit[] | undefined;
  let restored: readonly number[] = [];
  /** 0-based lines on which rows that stay away would be, in the file before the act at hand. */
  let absent: readonly number[] = [];
  for (const act of acts) {
    const linesOf = (entries: readonly Entry[]): Entry[] => entries.filter(({ note }) => note.date === act);
    const own = all.filter(({ note }) => note.date === act).map(({ note }) => note.line - 1);
    own.sort((a, b) => a - b);
    // Before this act its rows were there too: what stood behind them stood further down.
    const shift = (line: number): number => own.reduce((at, row) => (row <= at ? at + 1 : at), line);
    absent = [...absent.map(shift), ...linesOf(staying).map(({ note }) => note.line - 1)];
    const insertions = linesOf(going).map(({ text: row, note }) => {
      const line = note.line - 1;
      return { ...note, text: row, line: line - absent.filter((away) => away < line).length };
    });
    // What is back already has moved down by what comes back now.
    const inserted = insertions.map(({ line }) => line).sort((a, b) => a - b);
    restored = [
      ...restored.map((line) => inserted.reduce((at, row) => (row <= at ? at + 1 : at), line)),
      ...inserted,
    ].sort((a, b) => a - b);
    const made = insertLines(text, splitLines(text), insertions);
    text = applyTextEdits(text, made);
    if (concerned.size <= 1 && made.length > 0) edits = made;
  }
  return { text, restored, edits: concerned.size === 0 ? [] : edits };
}

/** One edit of whole lines that makes `after` of `before`. */
function replacement(before: string, after: string): TextEdit {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before.charCodeAt(head) === after.charCodeAt(head)) head += 1;
  head = head === 0 ? 0 : before.lastIndexOf('\n', head - 1) + 1;
  let tail = 0;
  while (
    tail < shorter - head &&
    before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
  )
    tail += 1;
  // Back to the beginning of a line, so that no line end is cut in two.
  const next = before.indexOf('\n', before.length - tail);
  tail = next === -1 ? 0 : before.length - next - 1;
  return { offset: head, length: before.length - tail - head, text: after.slice(head, after.length - tail) };
}
