/**
 * A Tokenizer from the contents of tokenizer.json and what tokenizer_config.json says of its special tokens. Order of
 * work, as in the reference implementation: added tokens are cut out of the source, the rest is normalized, added
 * tokens that want the normalized text are cut out of that, the rest is split into words, each word is encoded.
 */
import { inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import { ConfigReader } from '../configReader';
import type { Encoding, SpecialTokens, Tokenizer } from '../types';
import { type AddedToken, type AddedTokenFinder, createAddedTokenFinder } from './addedTokens';
import { type AlignedText, endOf, sliceAligned, sourceText, startOf } from './alignedText';
import { bytesOfLetters } from './byteLetters';
import { byteOfToken, createDecoder } from './decode';
import { createNormalizer } from './normalize';
import { type AddedAround, readPostProcessor } from './postProcess';
import { createPreTokenizer } from './preTokenize';
import { maximumVocabulary, readModel, type Vocabulary } from './readModel';

/** Spelled special tokens of a model; undefined where it has none. */
export interface SpecialSpellings {
  readonly bos: string | undefined;
  readonly eos: string | undefined;
  readonly pad: string | undefined;
  readonly unknown: string | undefined;
}

export interface TokenizerDefinition {
  /** Named in errors. */
  readonly file: string;
  /** The object in tokenizer.json. */
  readonly json: JsonObject;
  readonly special: SpecialSpellings;
  /** Tokens that tokenizer.json does not list among its added ones. */
  readonly furtherAdded: readonly AddedToken[];
  /** Replaces what the post-processor of tokenizer.json adds. */
  readonly around: { readonly before: readonly string[]; readonly after: readonly string[] } | undefined;
}

/** UTF-16 units a text may have; far above any row, and below what a heap key holds. */
const longestText = 2 ** 26;

/** Throws a UserError where the definition is damaged or uses a kind of step that is not supported. */
export function createTokenizer(definition: TokenizerDefinition): Tokenizer {
  const config = new ConfigReader(definition.file, '', definition.json);
  const vocabulary = readModel(config.object('model'), definition.special.eos);
  // A token that the model knows has the model's id, whatever the entry says.
  const added = readAddedTokens(config, definition.furtherAdded).map((token) => ({
    ...token,
    id: vocabulary.idOf.get(token.content) ?? token.id,
  }));
  const names = nameTokens(vocabulary, added);
  const idOf = (token: string | undefined): number | undefined =>
    token === undefined
      ? undefined
      : (added.find(({ content }) => content === token)?.id ?? vocabulary.idOf.get(token));
  const special: SpecialTokens = {
    bos: idOf(definition.special.bos),
    eos: idOf(definition.special.eos),
    pad: idOf(definition.special.pad),
    unknown: idOf(definition.special.unknown),
  };
  return new PipelineTokenizer(config, vocabulary, added, names, special, readAround(definition, config, names, idOf));
}

function readAround(
  definition: TokenizerDefinition,
  config: ConfigReader,
  names: readonly (string | undefined)[],
  idOf: (token: string) => number | undefined,
): AddedAround {
  if (definition.around === undefined) return readPostProcessor(config.optionalObject('post_processor'), names.length);
  const ids = (tokens: readonly string[]) =>
    tokens.map((token) => {
      const id = idOf(token);
      if (id === undefined) throw config.damaged('model.vocab', `lacks the special token ${JSON.stringify(token)}`);
      return id;
    });
  return { before: ids(definition.around.before), after: ids(definition.around.after) };
}

function readAddedTokens(config: ConfigReader, further: readonly AddedToken[]): AddedToken[] {
  const listed =
    config.raw('added_tokens') === undefined
      ? []
      : config.objects('added_tokens').map((entry) => readAddedToken(entry, entry.raw('id')));
  const known = new Set(listed.map(({ content }) => content));
  return [...listed, ...further.filter(({ content }) => !known.has(content))];
}

/** One entry of `added_tokens`; `id` stands outside the entry in `added_tokens_decoder` of tokenizer_config.json. */
export function readAddedToken(config: ConfigReader, id: unknown): AddedToken {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= maximumVocabulary) {
    throw config.damaged('id', `is no whole number below ${maximumVocabulary}`);
  }
  const special = config.optionalBoolean('special') ?? false;
  return {
    id,
    content: config.string('content'),
    special,
    normalized: config.optionalBoolean('normalized') ?? !special,
    singleWord: config.optionalBoolean('single_word') ?? false,
    stripLeft: config.optionalBoolean('lstrip') ?? false,
    stripRight: config.optionalBoolean('rstrip') ?? false,
  };
}

/** The token string of each id; undefined in gaps. */
function nameTokens({ idOf }: Vocabulary, added: readonly AddedToken[]): (string | undefined)[] {
  let size = 0;
  for (const id of idOf.values()) size = Math.max(size, id + 1);
  for (const { id } of added) size = Math.max(size, id + 1);
  const names = new Array<string | undefined>(size).fill(undefined);
  for (const [token, id] of idOf) names[id] = token;
  for (const { id, content } of added) names[id] = content;
  return names;
}

/** Grows as tokens come in. */
class EncodingBuilder {
  readonly ids: number[] = [];
  readonly offsets: number[] = [];

  push(id: number, start: number, end: number): void {
    this.ids.push(id);
    this.offsets.push(start, end);
  }

  build(): Encoding {
    return { ids: Int32Array.from(this.ids), offsets: Int32Array.from(this.offsets) };
  }
}

class PipelineTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  private readonly normalize;
  private readonly preTokenize;
  private readonly decoder;
  private readonly findInSource: AddedTokenFinder | undefined;
  private readonly findInNormalized: AddedTokenFinder | undefined;
  private readonly specialIds: ReadonlySet<number>;
  private readonly addedIds: ReadonlySet<number>;

  constructor(
    config: ConfigReader,
    private readonly vocabulary: Vocabulary,
    added: readonly AddedToken[],
    private readonly names: readonly (string | undefined)[],
    readonly special: SpecialTokens,
    private readonly around: AddedAround,
  ) {
    this.vocabularySize = names.length;
    const normalize = createNormalizer(config.optionalObject('normalizer'));
    this.normalize = normalize;
    this.preTokenize = createPreTokenizer(config.optionalObject('pre_tokenizer'));
    this.decoder = createDecoder(config.optionalObject('decoder'));
    const inSource = added.filter((token) => !token.normalized || normalize === undefined);
    const inNormalized = added.filter((token) => token.normalized && normalize !== undefined);
    this.findInSource = createAddedTokenFinder(inSource, ({ content }) => content);
    this.findInNormalized = createAddedTokenFinder(
      inNormalized,
      ({ content }) => normalize?.(sourceText(content, 0)).text ?? content,
    );
    this.specialIds = new Set(added.filter((token) => token.special).map(({ id }) => id));
    this.addedIds = new Set(added.map(({ id }) => id));
  }

  encode(text: string): Encoding {
    const builder = new EncodingBuilder();
    this.encodeInto(text, builder);
    return builder.build();
  }

  encodeWithSpecial(text: string): Encoding {
    const builder = new EncodingBuilder();
    for (const id of this.around.before) builder.push(id, 0, 0);
    this.encodeInto(text, builder);
    for (const id of this.around.after) builder.push(id, text.length, text.length);
    return builder.build();
  }

  private encodeInto(text: string, builder: EncodingBuilder): void {
    if (text.length > longestText) {
      throw inputError(
        'text-too-long',
        `A text has ${text.length} characters, more than the ${longestText} that one row may have.`,
        'Split the row.',
      );
    }
    this.cut(sourceText(text, 0), this.findInSource, builder, (part) => {
      const normalized = this.normalize?.(part) ?? part;
      this.cut(normalized, this.findInNormalized, builder, (rest) => this.encodeWords(rest, builder));
    });
  }

  /** Gives added tokens to the builder and the stretches between them to `between`. */
  private cut(
    text: AlignedText,
    find: AddedTokenFinder | undefined,
    builder: EncodingBuilder,
    between: (part: AlignedText) => void,
  ): void {
    let position = 0;
    for (const { from, to, token } of find?.(text.text) ?? []) {
      if (from > position) between(sliceAligned(text, position, from));
      builder.push(token.id, startOf(text, from), endOf(text, to - 1));
      position = to;
    }
    if (position < text.text.length) between(sliceAligned(text, position, text.text.length));
  }

  private encodeWords(text: AlignedText, builder: EncodingBuilder): void {
    for (const word of this.preTokenize?.(text) ?? [text]) {
      const { ids, starts, ends } = this.vocabulary.model.encodeWord(word.text);
      for (let i = 0; i < ids.length; i++) {
        builder.push(ids[i]!, startOf(word, starts[i]!), endOf(word, ends[i]! - 1));
      }
    }
  }

  decode(ids: ArrayLike<number>): string {
    return this.decodeWhere(ids, () => true);
  }

  decodeSkippingSpecial(ids: ArrayLike<number>): string {
    return this.decodeWhere(ids, (id) => !this.specialIds.has(id));
  }

  /** Ids outside the vocabulary stand for nothing. */
  private decodeWhere(ids: ArrayLike<number>, keep: (id: number) => boolean): string {
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const name = this.names[ids[i]!];
      if (name !== undefined && keep(ids[i]!)) tokens.push(name);
    }
    return this.decoder(tokens).join('');
  }

  isSpecial(id: number): boolean {
    return this.specialIds.has(id);
  }

  show(id: number): string {
    const name = this.names[id];
    if (name === undefined) return '';
    if (this.addedIds.has(id)) return name;
    const byte = byteOfToken(name);
    if (byte !== undefined) return showBytes([byte]);
    // A lone word mark would be stripped at the beginning of a text, so the token is decoded behind another one.
    const alone = this.decoder([name]).join('');
    const bytes = alone.includes('\ufffd') ? bytesOfLetters(name) : undefined;
    if (bytes !== undefined) return showBytes(bytes);
    return name.includes('▁') && bytesOfLetters(name) === undefined ? name.replaceAll('▁', ' ') : alone;
  }
}

/** Whole characters as they are, bytes that make none as `\xNN`. */
function showBytes(bytes: readonly number[]): string {
  let shown = '';
  let at = 0;
  while (at < bytes.length) {
    const length = characterLength(bytes, at);
    const part = bytes.slice(at, at + Math.max(length, 1));
    shown += length === 0 ? `\\x${part[0]!.toString(16).toUpperCase().padStart(2, '0')}` : Buffer.from(part).toString();
    at += part.length;
  }
  return shown;
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** Bytes of the UTF-8 character at `at`; 0 where none begins or it is cut. */
function characterLength(bytes: readonly number[], at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      strict.decode(Uint8Array.from(bytes.slice(at, at + length)));
      return length;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return 0;
}
