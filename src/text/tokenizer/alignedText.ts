/**
 * Text on its way through a tokenizer, with the source range that each of its UTF-16 units stands for. Normalizers and
 * pre-tokenizers replace, drop and add characters; every one of them keeps this alignment, so that tokens get exact
 * character offsets at the end.
 */

export interface AlignedText {
  readonly text: string;
  /** Source position of the first unit; also where an empty text stands. */
  readonly base: number;
  /** Per unit of `text`: half-open source range. undefined: unit i stands for [base + i, base + i + 1). */
  readonly ranges: { readonly starts: Int32Array; readonly ends: Int32Array } | undefined;
}

export function sourceText(text: string, base: number): AlignedText {
  return { text, base, ranges: undefined };
}

export function startOf(aligned: AlignedText, unit: number): number {
  return aligned.ranges === undefined ? aligned.base + unit : aligned.ranges.starts[unit]!;
}

export function endOf(aligned: AlignedText, unit: number): number {
  return aligned.ranges === undefined ? aligned.base + unit + 1 : aligned.ranges.ends[unit]!;
}

/** Units [from, to). */
export function sliceAligned(aligned: AlignedText, from: number, to: number): AlignedText {
  if (from === 0 && to === aligned.text.length) return aligned;
  const text = aligned.text.slice(from, to);
  if (aligned.ranges === undefined) return { text, base: aligned.base + from, ranges: undefined };
  const starts = aligned.ranges.starts.subarray(from, to);
  const ends = aligned.ranges.ends.subarray(from, to);
  return { text, base: starts[0] ?? aligned.base, ranges: { starts, ends } };
}

/** Puts an aligned text together from pieces of another one and from text that replaces some of it. */
export class AlignedBuilder {
  private readonly parts: string[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  constructor(private readonly base: number) {}

  /** Units [from, to) of `aligned`, unchanged. */
  keep(aligned: AlignedText, from: number, to: number): void {
    this.parts.push(aligned.text.slice(from, to));
    for (let unit = from; unit < to; unit++) {
      this.starts.push(startOf(aligned, unit));
      this.ends.push(endOf(aligned, unit));
    }
  }

  /** `text`, every unit of which stands for the source range [start, end). */
  put(text: string, start: number, end: number): void {
    this.parts.push(text);
    for (let unit = 0; unit < text.length; unit++) {
      this.starts.push(start);
      this.ends.push(end);
    }
  }

  build(): AlignedText {
    const ranges = { starts: Int32Array.from(this.starts), ends: Int32Array.from(this.ends) };
    return { text: this.parts.join(''), base: this.starts[0] ?? this.base, ranges };
  }
}

/** Replaces units [from, to) by `text`, all of it standing for the whole range; an empty range stands for nothing. */
export function putReplacement(
  builder: AlignedBuilder,
  aligned: AlignedText,
  from: number,
  to: number,
  text: string,
): void {
  if (from === to) {
    const position = from < aligned.text.length ? startOf(aligned, from) : endOfText(aligned);
    builder.put(text, position, position);
  } else {
    builder.put(text, startOf(aligned, from), endOf(aligned, to - 1));
  }
}

function endOfText(aligned: AlignedText): number {
  return aligned.text.length === 0 ? aligned.base : endOf(aligned, aligned.text.length - 1);
}

/** Characters that normalisation may join: a base with its marks, or a run of Hangul letters. */
const clusters = /[\u1100-\u11ff]+|[\s\S]\p{M}*/gu;

/**
 * Applies a rewriting of whole strings (a Unicode normal form, lower case) and aligns its result: cluster by cluster
 * where that gives the same string, otherwise the whole text at once.
 */
export function rewriteAligned(aligned: AlignedText, rewrite: (text: string) => string): AlignedText {
  const target = rewrite(aligned.text);
  if (target === aligned.text) return aligned;
  const builder = new AlignedBuilder(aligned.base);
  let rebuilt = '';
  let position = 0;
  for (const [cluster] of aligned.text.matchAll(clusters)) {
    const rewritten = rewrite(cluster);
    rebuilt += rewritten;
    putBlock(builder, aligned, position, position + cluster.length, rewritten);
    position += cluster.length;
  }
  if (rebuilt === target) return builder.build();
  const whole = new AlignedBuilder(aligned.base);
  putBlock(whole, aligned, 0, aligned.text.length, target);
  return whole.build();
}

/** Replaces units [from, to) by `target`, whose common beginning and end with them keep their places. */
function putBlock(builder: AlignedBuilder, aligned: AlignedText, from: number, to: number, target: string): void {
  const { text } = aligned;
  const shorter = Math.min(to - from, target.length);
  let head = 0;
  while (head < shorter && text[from + head] === target[head]) head += 1;
  if (head > 0 && head < shorter && isHighSurrogate(text, from + head - 1)) head -= 1;
  let tail = 0;
  while (tail < shorter - head && text[to - 1 - tail] === target[target.length - 1 - tail]) tail += 1;
  if (tail > 0 && isHighSurrogate(text, to - 1 - tail)) tail -= 1;
  builder.keep(aligned, from, from + head);
  const block = target.slice(head, target.length - tail);
  if (block !== '') putReplacement(builder, aligned, from + head, to - tail, block);
  builder.keep(aligned, to - tail, to);
}

function isHighSurrogate(text: string, unit: number): boolean {
  const code = text.charCodeAt(unit);
  return code >= 0xd800 && code < 0xdc00;
}

/** Replaces every match of a global pattern by `content`. */
export function replaceAligned(aligned: AlignedText, pattern: RegExp, content: string): AlignedText {
  let builder: AlignedBuilder | undefined;
  let position = 0;
  for (const match of aligned.text.matchAll(pattern)) {
    builder ??= new AlignedBuilder(aligned.base);
    builder.keep(aligned, position, match.index);
    const end = match.index + match[0].length;
    putReplacement(builder, aligned, match.index, end, content);
    position = end;
  }
  if (builder === undefined) return aligned;
  builder.keep(aligned, position, aligned.text.length);
  return builder.build();
}

/** Puts `prefix` before the text; it stands for no character of the source. */
export function prependAligned(aligned: AlignedText, prefix: string): AlignedText {
  const builder = new AlignedBuilder(aligned.base);
  putReplacement(builder, aligned, 0, 0, prefix);
  builder.keep(aligned, 0, aligned.text.length);
  return builder.build();
}
