import type { TextEdit } from './textEdit';
import type { TextLines } from './textLines';

/** A line that was taken out, with the line end that went with it: what `insertLines` needs to put it back. */
export interface RemovedLine {
  /** 0-based. */
  readonly line: number;
  readonly text: string;
  readonly lineEnd: string;
  /** The line end of a last line is the one before it. */
  readonly lineEndAt: 'after' | 'before';
}

/**
 * Takes whole lines out; every other line stays as it is. Where the text does not end in a line end, it does not after.
 *
 * @param wanted 0-based lines, in any order
 */
export function removeLines(
  lines: TextLines,
  wanted: readonly number[],
): { readonly edits: readonly TextEdit[]; readonly removed: readonly RemovedLine[] } {
  const sorted = [...new Set(wanted)].filter((line) => line >= 0 && line < lines.count).sort((a, b) => a - b);
  const edits: TextEdit[] = [];
  const removed: RemovedLine[] = [];
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1;
    while (to < sorted.length && sorted[to] === sorted[to - 1]! + 1) to += 1;
    const [first, last] = [sorted[from]!, sorted[to - 1]!];
    // The last line has no line end of its own: the one before the run goes.
    const before = last === lines.count - 1 && first > 0;
    const offset = before ? lines.end(first - 1) : lines.start(first);
    const end = before ? lines.end(last) : lines.start(last + 1);
    edits.push({ offset, length: end - offset, text: '' });
    const lineEndAt = before ? 'before' : 'after';
    for (const line of sorted.slice(from, to))
      removed.push({ line, text: lines.text(line), lineEnd: lines.lineEnd(before ? line - 1 : line), lineEndAt });
    from = to;
  }
  return { edits, removed };
}

/**
 * Puts lines in. What `removeLines` took out at one time comes back as it was, if the rest is the same.
 *
 * @param insertions by the 0-based line that they are to be afterwards
 */
export function insertLines(text: string, lines: TextLines, insertions: readonly RemovedLine[]): readonly TextEdit[] {
  const sorted = [...insertions].sort((a, b) => a.line - b.line);
  const byPlace = new Map<number, string[]>();
  const add = (offset: number, part: string): void => {
    const parts = byPlace.get(offset);
    if (parts === undefined) byPlace.set(offset, [part]);
    else parts.push(part);
  };
  const empty = lines.start(0) === text.length;
  const endOf = ({ lineEnd }: RemovedLine): string => (lineEnd === '' && !empty ? lines.commonLineEnd : lineEnd);
  const anchored = sorted.map((row, before) => ({ row, anchor: row.line - before }));
  const beyond = anchored.filter(({ anchor }) => anchor >= lines.count);
  const last = beyond.at(-1);
  // A text that ends in a line end (or holds nothing) has an empty last line, which more is put before; unless the rows
  // that come back stood behind that empty line.
  const open = lines.text(lines.count - 1) !== '';
  const behind = open || (last?.row.lineEndAt === 'before' && last.anchor === lines.count);
  for (const { row, anchor } of anchored) {
    if (anchor < lines.count) add(lines.start(anchor), `${row.text}${endOf(row)}`);
    else if (behind) add(text.length, `${endOf(row)}${row.text}`);
    else add(lines.start(lines.count - 1), `${row.text}${endOf(row)}`);
  }
  return [...byPlace].map(([offset, parts]) => ({ offset, length: 0, text: parts.join('') }));
}
