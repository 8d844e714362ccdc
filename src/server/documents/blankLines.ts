import type { LineChange } from './lineText';

/** Which lines hold no row, kept sorted: there are few, so rows and lines turn into each other by a binary search. */
export class BlankLines {
  private lines: number[] = [];

  get count(): number {
    return this.lines.length;
  }

  /** Blank lines before `line`. */
  before(line: number): number {
    let [low, high] = [0, this.lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle]! < line) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(line: number): boolean {
    return this.lines[this.before(line)] === line;
  }

  /** The line of a row. */
  lineOfRow(row: number): number {
    // The k-th blank line stands after the row where its line minus k is still at most the row.
    let [low, high] = [0, this.lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle]! - middle <= row) low = middle + 1;
      else high = middle;
    }
    return row + low;
  }

  /** Takes over a change of lines; `isBlank` is asked of the new lines only. */
  apply({ first, removed, added }: LineChange, isBlank: (line: number) => boolean): void {
    const from = this.before(first);
    const to = this.before(first + removed);
    const fresh: number[] = [];
    for (let line = first; line < first + added; line++) if (isBlank(line)) fresh.push(line);
    const shift = added - removed;
    const after = this.lines.slice(to);
    if (shift !== 0) for (let i = 0; i < after.length; i++) after[i]! += shift;
    if (fresh.length === 0 && from === to && shift === 0) return;
    this.lines = this.lines.slice(0, from).concat(fresh, after);
  }
}
