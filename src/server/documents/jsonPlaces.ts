import { type Node, parseTree } from 'jsonc-parser';
import { stringEnd } from '../../data/jsonText';

export type JsonPlace = readonly (string | number)[];

/** Half-open range of UTF-16 units. */
export type TextRange = readonly [begin: number, end: number];

/** Longest row that is looked into; longer ones are marked as a whole. */
export const longestPlacedRow = 2 ** 20;

/** The values of a row's text by their places. The text must be JSON whose depth was bounded. */
export class JsonPlaces {
  constructor(
    private readonly text: string,
    private readonly root: Node | undefined = text.length > longestPlacedRow ? undefined : parseTree(text),
  ) {}

  /** The value at a place; where a key is there twice, the one that counts. */
  node(place: JsonPlace): Node | undefined {
    let node = this.root;
    for (const part of place) {
      if (node === undefined) return undefined;
      node =
        typeof part === 'number'
          ? node.type === 'array'
            ? node.children?.[part]
            : undefined
          : this.member(node, part)?.children?.[1];
    }
    return node;
  }

  /** Key and value; the last of equal keys. */
  member(object: Node, key: string): Node | undefined {
    if (object.type !== 'object') return undefined;
    return object.children?.findLast((member) => member.children?.[0]?.value === key);
  }

  /** The value at a place, or the nearest that holds it. */
  nearest(place: JsonPlace): Node | undefined {
    for (let length = place.length; length >= 0; length--) {
      const node = this.node(place.slice(0, length));
      if (node !== undefined) return node;
    }
    return undefined;
  }

  /** Ranges of a text value as ranges of the row's text: escapes count as they are written. Ranges must ascend. */
  rangesInText(place: JsonPlace, ranges: readonly TextRange[]): TextRange[] {
    const node = this.node(place);
    if (node?.type !== 'string') return [];
    return literalRanges(this.text, node.offset, ranges);
  }
}

/** Ranges of the value of the string literal at `start` as ranges of the text that holds it. */
export function literalRanges(text: string, start: number, ranges: readonly TextRange[]): TextRange[] {
  const close = stringEnd(text, start);
  if (close === -1) return [];
  let at = start + 1;
  let unit = 0;
  const advance = (to: number): number => {
    // Without an escape ahead, units of the value are units of the text.
    while (unit < to && at < close) {
      const slash = text.indexOf('\\', at);
      const plain = Math.min(to - unit, (slash === -1 || slash > close ? close : slash) - at);
      if (plain > 0) {
        at += plain;
        unit += plain;
      } else {
        at += text[at + 1] === 'u' ? 6 : 2;
        unit++;
      }
    }
    return at;
  };
  return ranges.map(([begin, end]) => {
    const from = advance(begin);
    return [from, advance(end)] as const;
  });
}
