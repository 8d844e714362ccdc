import type { Position, Range, TextDocumentContentChangeEvent } from 'vscode-languageserver/node';

/** Lines [first, first + removed) gave way to lines [first, first + added). */
export interface LineChange {
  readonly first: number;
  readonly removed: number;
  readonly added: number;
}

/** Lines that are spliced in one call; more would not fit the stack. */
const spliceAtMost = 10_000;

/**
 * The text of an open document as its lines, so that an edit costs as much as the lines it touches and not as much as
 * the file. Line ends are LSP's: `\n`, `\r\n` and a lone `\r`; characters are UTF-16 units.
 */
export class LineText {
  /** Each with its line end; the last has none. */
  private lines: string[];
  private offsets: Float64Array | undefined;

  constructor(text: string) {
    this.lines = splitLines(text);
  }

  get lineCount(): number {
    return this.lines.length;
  }

  /** Without its line end. */
  line(index: number): string {
    const line = this.lines[index]!;
    return line.slice(0, contentLength(line));
  }

  /** Empty where there is none. */
  lineEnd(index: number): string {
    const line = this.lines[index] ?? '';
    return line.slice(contentLength(line));
  }

  text(): string {
    return this.lines.join('');
  }

  textIn(range: Range): string {
    const start = this.clamped(range.start);
    const end = this.clamped(range.end);
    if (start.line > end.line || (start.line === end.line && start.character >= end.character)) return '';
    if (start.line === end.line) return this.lines[start.line]!.slice(start.character, end.character);
    const middle = this.lines.slice(start.line + 1, end.line).join('');
    return this.lines[start.line]!.slice(start.character) + middle + this.lines[end.line]!.slice(0, end.character);
  }

  /** The position, moved into the text where it lies outside of it. */
  clamped({ line, character }: Position): Position {
    if (line < 0) return { line: 0, character: 0 };
    if (line >= this.lines.length) {
      const last = this.lines.length - 1;
      return { line: last, character: contentLength(this.lines[last]!) };
    }
    return { line, character: Math.min(Math.max(0, character), contentLength(this.lines[line]!)) };
  }

  offsetAt(position: Position): number {
    const { line, character } = this.clamped(position);
    return this.lineOffsets()[line]! + character;
  }

  positionAt(offset: number): Position {
    const offsets = this.lineOffsets();
    let [low, high] = [0, offsets.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (offsets[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return this.clamped({ line: low, character: offset - offsets[low]! });
  }

  /** One change as LSP sends it: a range, or the whole text. */
  apply(change: TextDocumentContentChangeEvent): LineChange {
    this.offsets = undefined;
    if (!('range' in change)) {
      const removed = this.lines.length;
      this.lines = splitLines(change.text);
      return { first: 0, removed, added: this.lines.length };
    }
    const [start, end] = inOrder(this.clamped(change.range.start), this.clamped(change.range.end));
    let first = start.line;
    let text = this.lines[first]!.slice(0, start.character) + change.text + this.lines[end.line]!.slice(end.character);
    let last = end.line;
    // A lone \r and a \n that come to stand side by side are one line end.
    if (first > 0 && text.startsWith('\n') && this.lines[first - 1]!.endsWith('\r')) text = this.lines[--first] + text;
    if (last + 1 < this.lines.length && text.endsWith('\r') && this.lines[last + 1]!.startsWith('\n')) {
      text += this.lines[++last];
    }
    const added = splitLines(text);
    // The tail of the text is empty where the lines that follow go on after a line end.
    if (last + 1 < this.lines.length && added.at(-1) === '') added.pop();
    const removed = last - first + 1;
    if (added.length <= spliceAtMost) this.lines.splice(first, removed, ...added);
    else this.lines = this.lines.slice(0, first).concat(added, this.lines.slice(first + removed));
    return { first, removed, added: added.length };
  }

  private lineOffsets(): Float64Array {
    if (this.offsets !== undefined) return this.offsets;
    const offsets = new Float64Array(this.lines.length);
    for (let i = 1; i < this.lines.length; i++) offsets[i] = offsets[i - 1]! + this.lines[i - 1]!.length;
    this.offsets = offsets;
    return offsets;
  }
}

function inOrder(a: Position, b: Position): [Position, Position] {
  return a.line > b.line || (a.line === b.line && a.character > b.character) ? [b, a] : [a, b];
}

/** Characters of a line before its line end. */
function contentLength(line: string): number {
  const last = line.charCodeAt(line.length - 1);
  if (last === 0x0a) return line.length - (line.charCodeAt(line.length - 2) === 0x0d ? 2 : 1);
  return last === 0x0d ? line.length - 1 : line.length;
}

function splitLines(text: string): string[] {
  const lines: string[] = [];
  const loneReturns = /\r(?!\n)/.test(text);
  let from = 0;
  if (loneReturns) {
    for (const { 0: end, index } of text.matchAll(/\r\n|\n|\r/g)) {
      lines.push(text.slice(from, index + end.length));
      from = index + end.length;
    }
  } else {
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      lines.push(text.slice(from, end + 1));
      from = end + 1;
    }
  }
  lines.push(text.slice(from));
  return lines;
}
