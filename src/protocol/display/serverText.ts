import { japaneseDataMessages } from './dataMessages.ja';
import { englishServerTexts } from './serverTexts';
import { japaneseServerTexts } from './serverTexts.ja';

type English = typeof englishServerTexts;
export type ServerTextKey = keyof English;

/** Names that a text is filled in with: `{name}`, or `{name|one|other}`. */
type NamesIn<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Counted}|${string}` ? Counted : Name) | NamesIn<Rest>
  : never;

type Values<S extends string> = [NamesIn<S>] extends [never]
  ? []
  : [values: { readonly [Name in NamesIn<S>]: string | number }];

/** A text in the editor's language, filled in. A value that is missing does not compile. */
export type Say = <K extends ServerTextKey>(key: K, ...values: Values<English[K]>) => string;

/** The server's texts in one language. */
export interface ServerTexts {
  readonly say: Say;
  /** The same sentence in this language, for what is written in English where it arises; one that is unknown as it is. */
  translate(english: string): string;
}

/** As on the command line. */
export const englishTexts: ServerTexts = {
  say: (key, ...values) => fillIn(englishServerTexts[key], values[0] ?? {}),
  translate: (english) => english,
};

const japaneseTexts: ServerTexts = {
  say: (key, ...values) => fillIn(japaneseServerTexts[key], values[0] ?? {}),
  translate: translateToJapanese,
};

/** @param locale of the editor: `en`, `ja`, `ja-JP` */
export function serverTextsOf(locale: string): ServerTexts {
  return /^ja\b/i.test(locale) ? japaneseTexts : englishTexts;
}

/** Fills in `{name}` and `{name|one|other}`; in the words of the latter `{name}` is filled in too. */
export function fillIn(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(
    /\{(\w+)(?:\|((?:[^{}|]|\{\w+\})*)\|((?:[^{}|]|\{\w+\})*))?\}/g,
    (_, name: string, one: string | undefined, other: string | undefined) => {
      const value = values[name] ?? '';
      if (one === undefined || other === undefined) return String(value);
      return fillIn(Number(value) === 1 ? one : other, values);
    },
  );
}

/** Names whose values are words or sentences of ours. */
const translated: readonly string[] = ['what', 'expected', 'reason'];

interface Pattern {
  /** What the template begins with: a word of its own, or a name. */
  readonly start: 'word' | 'name';
  readonly shape: RegExp;
  readonly names: readonly string[];
  readonly japanese: string;
}

const patterns: readonly Pattern[] = Object.entries(japaneseDataMessages).map(([template, japanese]) =>
  patternOf(template, japanese),
);

/** A message and what to do are often one text: the two are looked up by themselves, as what is filled in may hold anything. */
function translateToJapanese(english: string): string {
  for (let at = english.indexOf('. '); at !== -1; at = english.indexOf('. ', at + 1)) {
    const first = japaneseSentence(english.slice(0, at + 1));
    const rest = first === undefined ? undefined : japaneseSentence(english.slice(at + 2));
    if (rest !== undefined) return `${first}${rest}`;
  }
  return japaneseSentence(english) ?? english;
}

/**
 * Messages begin with a capital letter where they stand alone. Templates that begin with a word of their own come first:
 * those that begin with anything would take theirs.
 */
function japaneseSentence(english: string): string | undefined {
  const lowered = english.slice(0, 1).toLowerCase() + english.slice(1);
  return matched(english, 'word') ?? matched(lowered, 'word') ?? matched(english, 'name') ?? matched(lowered, 'name');
}

function matched(english: string, start: Pattern['start']): string | undefined {
  for (const pattern of patterns) {
    const match = pattern.start === start ? pattern.shape.exec(english) : null;
    if (match === null) continue;
    const values = pattern.names.map((name, at) => {
      const value = match[at + 1]!;
      return [name, translated.includes(name) ? (japaneseSentence(value) ?? value) : value] as const;
    });
    return fillIn(pattern.japanese, Object.fromEntries(values));
  }
  return undefined;
}

function patternOf(template: string, japanese: string): Pattern {
  const names: string[] = [];
  const source = template
    .split(/(\{\w+\})/)
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name === undefined) return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      names.push(name);
      return '([^]+?)';
    })
    .join('');
  return { start: template.startsWith('{') ? 'name' : 'word', shape: new RegExp(`^${source}$`), names, japanese };
}
