/**
 * The `pre_tokenizer` of tokenizer.json: splits a text into the words that the model encodes one by one. The steps are
 * our own, because those of the tokenizers library return strings without positions and differ from the reference
 * in places (`Digits` knows ASCII only, `ByteLevel` has JavaScript's white space, `Metaspace` never splits, `Split`
 * knows two of five behaviours); its translation of patterns is used.
 */
import type { ConfigReader } from '../configReader';
import { type AlignedText, prependAligned, replaceAligned, sliceAligned, startOf } from './alignedText';
import { toByteLetters } from './byteLetters';
import { applyPattern, compilePattern, gpt2Pattern, readPattern } from './patterns';

/** Splits one piece into pieces; empty ones are dropped. */
export type PreTokenizer = (piece: AlignedText) => AlignedText[];

const behaviours = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
type Behaviour = (typeof behaviours)[number];

const supported = [
  'Sequence',
  'ByteLevel',
  'Split',
  'Metaspace',
  'Digits',
  'Punctuation',
  'Whitespace',
  'WhitespaceSplit',
  'BertPreTokenizer',
  'CharDelimiterSplit',
  'FixedLength',
];

const asciiSigns = '!-\\/:-@\\[-`{-~';

/** undefined: the text is one word. Throws a UserError on a kind that is not supported. */
export function createPreTokenizer(config: ConfigReader | undefined): PreTokenizer | undefined {
  if (config === undefined) return undefined;
  const type = config.string('type');
  switch (type) {
    case 'Sequence':
      return sequence(config.objects('pretokenizers').map((step) => createPreTokenizer(step)!));
    case 'ByteLevel':
      return createByteLevel(config);
    case 'Split':
      return createSplit(config);
    case 'Metaspace':
      return createMetaspace(config);
    case 'Digits':
      return config.optionalBoolean('individual_digits') === true
        ? splitter(/\p{N}/gu, 'Isolated')
        : splitter(/\p{N}+/gu, 'Isolated');
    case 'Punctuation':
      return splitter(new RegExp(`[\\p{P}${asciiSigns}]`, 'gu'), readBehaviour(config, 'Isolated'));
    case 'Whitespace':
      return splitter(compilePattern('\\w+|[^\\w\\s]+'), 'Removed', 'invert');
    case 'WhitespaceSplit':
      return splitter(/\p{White_Space}/gu, 'Removed');
    case 'BertPreTokenizer':
      return sequence([
        splitter(/\p{White_Space}/gu, 'Removed'),
        splitter(new RegExp(`[\\p{P}${asciiSigns}]`, 'gu'), 'Isolated'),
      ]);
    case 'CharDelimiterSplit':
      return splitter(new RegExp(`\\u{${config.string('delimiter').codePointAt(0)!.toString(16)}}`, 'gu'), 'Removed');
    case 'FixedLength':
      return splitter(new RegExp(`[\\s\\S]{1,${config.integer('length', 65536)}}`, 'gu'), 'Isolated');
    default:
      throw config.unsupported('type', `"${type}"`, supported);
  }
}

function sequence(steps: readonly PreTokenizer[]): PreTokenizer {
  return (piece) => steps.reduce((pieces, step) => pieces.flatMap(step), [piece]);
}

function createByteLevel(config: ConfigReader): PreTokenizer {
  const addPrefixSpace = config.optionalBoolean('add_prefix_space') ?? true;
  const split =
    (config.optionalBoolean('use_regex') ?? true) ? splitter(compilePattern(gpt2Pattern), 'Isolated') : keep;
  return (piece) => {
    const start = addPrefixSpace && !piece.text.startsWith(' ') ? prependAligned(piece, ' ') : piece;
    return split(start).map(toByteLetters);
  };
}

function keep(piece: AlignedText): AlignedText[] {
  return piece.text === '' ? [] : [piece];
}

function createSplit(config: ConfigReader): PreTokenizer {
  const pattern = readPattern(config);
  const invert = config.optionalBoolean('invert') === true ? 'invert' : 'asIs';
  return splitter(pattern, readBehaviour(config, undefined), invert);
}

function readBehaviour(config: ConfigReader, absent: Behaviour | undefined): Behaviour {
  const name = config.optionalString('behavior') ?? absent;
  const behaviour = behaviours.find((known) => known === name);
  if (behaviour === undefined) throw config.unsupported('behavior', `"${name ?? ''}"`, behaviours);
  return behaviour;
}

/** Spaces become the replacement character, one is put before the text by `prepend_scheme`, and each begins a word. */
function createMetaspace(config: ConfigReader): PreTokenizer {
  const replacement = config.optionalString('replacement') ?? '▁';
  // Older files say `add_prefix_space` instead.
  const old = config.optionalBoolean('add_prefix_space') === false ? 'never' : 'always';
  const scheme = config.optionalString('prepend_scheme') ?? old;
  const schemes = ['always', 'first', 'never'];
  if (!schemes.includes(scheme)) throw config.unsupported('prepend_scheme', `"${scheme}"`, schemes);
  const escaped = `\\u{${replacement.codePointAt(0)!.toString(16)}}`;
  const split =
    (config.optionalBoolean('split') ?? true) ? splitter(new RegExp(escaped, 'gu'), 'MergedWithNext') : keep;
  return (piece) => {
    const replaced = replaceAligned(piece, / /gu, replacement);
    const atStart = piece.text !== '' && startOf(piece, 0) === 0;
    const prepend = scheme === 'always' || (scheme === 'first' && atStart);
    return split(prepend && !replaced.text.startsWith(replacement) ? prependAligned(replaced, replacement) : replaced);
  };
}

/** One stretch of a piece: [from, to), and whether the pattern matched it. */
interface Stretch {
  from: number;
  to: number;
  readonly match: boolean;
}

function splitter(pattern: RegExp, behaviour: Behaviour, sense: 'asIs' | 'invert' = 'asIs'): PreTokenizer {
  return (piece) => {
    const stretches = applyPattern(pattern, () => findStretches(piece.text, pattern, sense === 'invert'));
    return join(stretches, behaviour)
      .filter(({ from, to }) => to > from)
      .map(({ from, to }) => sliceAligned(piece, from, to));
  };
}

function findStretches(text: string, pattern: RegExp, gapsMatch: boolean): Stretch[] {
  const stretches: Stretch[] = [];
  let position = 0;
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    if (match.index > position) stretches.push({ from: position, to: match.index, match: gapsMatch });
    stretches.push({ from: match.index, to: end, match: !gapsMatch });
    position = end;
  }
  if (position < text.length) stretches.push({ from: position, to: text.length, match: gapsMatch });
  return stretches;
}

function join(stretches: Stretch[], behaviour: Behaviour): Stretch[] {
  switch (behaviour) {
    case 'Isolated':
      return stretches;
    case 'Removed':
      return stretches.filter(({ match }) => !match);
    case 'Contiguous':
      return joinWhere(stretches, (previous, next) => previous.match === next.match);
    case 'MergedWithPrevious':
      return joinWhere(stretches, (previous, next) => next.match && !previous.match);
    case 'MergedWithNext':
      return joinWhere(stretches, (previous, next) => previous.match && !next.match);
  }
}

/** Joins each stretch to the one before it where `joins` says so of the two. */
function joinWhere(stretches: readonly Stretch[], joins: (previous: Stretch, next: Stretch) => boolean): Stretch[] {
  const joined: Stretch[] = [];
  let previous: Stretch | undefined;
  for (const stretch of stretches) {
    const last = joined.at(-1);
    if (last !== undefined && previous !== undefined && joins(previous, stretch)) last.to = stretch.to;
    else joined.push({ ...stretch });
    previous = stretch;
  }
  return joined;
}
