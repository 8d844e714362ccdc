/** A text by lines, as editors count them: `\r\n`, `\n` and `\r` end a line, and after the last end one more line begins. */
export interface TextLines {
  readonly count: number;
  /** Offset of a line's first unit; of line `count`: the length of the text. */
  start(line: number): number;
  /** Offset past its last unit, before its line end. */
  end(line: number): number;
  /** Without its line end. */
  text(line: number): string;
  /** `''` for the last line. */
  lineEnd(line: number): string;
  /** The line end used most; `\n` where there is none. */
  readonly commonLineEnd: string;
}

/** A byte-order mark belongs to no line: the first line begins after it. */
export function splitLines(text: string): TextLines {
  const starts: number[] = [text.startsWith('\ufeff') ? 1 : 0];
  const counts = { '\n': 0, '\r\n': 0, '\r': 0 };
  const pattern = /\r\n|\n|\r/g;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    starts.push(match.index + match[0].length);
    counts[match[0] as keyof typeof counts] += 1;
  }
  const count = starts.length;
  const start = (line: number): number => (line >= count ? text.length : starts[line]!);
  const end = (line: number): number => {
    let at = start(line + 1);
    if (line >= count - 1) return at;
    if (text.charCodeAt(at - 1) === 0x0a) at -= text.charCodeAt(at - 2) === 0x0d && at - 2 >= start(line) ? 2 : 1;
    else at -= 1;
    return at;
  };
  return {
    count,
    start,
    end,
    text: (line) => text.slice(start(line), end(line)),
    lineEnd: (line) => text.slice(end(line), start(line + 1)),
    commonLineEnd: counts['\r\n'] > counts['\n'] ? '\r\n' : counts['\r'] > counts['\n'] ? '\r' : '\n',
  };
}
