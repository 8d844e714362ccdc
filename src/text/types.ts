/**
 * text/ turns examples into token ids with labels: tokenizer, chat template, character offsets, loss masks. A leaf: it
 * knows no graph, no session and no disk layout but the tokenizer files of a model folder or GGUF.
 */
import type { Example } from '../data/types';
import type { JsonObject, JsonValue } from '../protocol/json';

/** Token ids of a text. `offsets[i]` is the half-open UTF-16 range of the source text that token i stands for. */
export interface Encoding {
  readonly ids: Int32Array;
  /** Pairs `[start, end)` laid flat, length 2 x ids; a token that stands for no character has start = end. */
  readonly offsets: Int32Array;
}

/** Ids of the tokens with a job, undefined where the model has none. */
export interface SpecialTokens {
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  readonly pad: number | undefined;
  readonly unknown: number | undefined;
}

export interface Tokenizer {
  /** Number of ids (largest id + 1). The model's embedding may have more rows. */
  readonly vocabularySize: number;
  readonly special: SpecialTokens;
  /** Ids of the text alone; special tokens spelled out in the text are recognised. */
  encode(text: string): Encoding;
  /** As `encode`, with what the tokenizer's post-processor adds (bos, eos); added tokens have empty ranges. */
  encodeWithSpecial(text: string): Encoding;
  decode(ids: ArrayLike<number>): string;
  decodeSkippingSpecial(ids: ArrayLike<number>): string;
  isSpecial(id: number): boolean;
  /** The text one token stands for when shown alone (byte pieces as `\xNN`). */
  show(id: number): string;
}

/** A turn as a chat template sees it. */
export type TemplateMessage = JsonObject;

export interface RenderedChat {
  readonly text: string;
  /** Half-open UTF-16 ranges marked by `{% generation %}`; undefined where the template marks none. */
  readonly generationRanges: readonly (readonly [number, number])[] | undefined;
}

export interface ChatTemplate {
  readonly source: string;
  /** Ends in an error after the time or size limit; a template is hostile input. */
  render(
    messages: readonly TemplateMessage[],
    options: { readonly addGenerationPrompt: 'yes' | 'no'; readonly tools: readonly JsonValue[] | undefined },
  ): RenderedChat;
}

/** A row as it is trained. `labels[t] = -100` where token t is no target; position 0 is never a target. */
export interface EncodedRow {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
  /** Loss weight of the whole row. */
  readonly weight: number;
  /** SHA-256 (hex) of ids, labels and weight. */
  readonly encodingHash: string;
  /** The text the offsets point into: rendered chat, or prompt + completion; empty for tokenized rows. */
  readonly text: string;
  /** As in `Encoding`. */
  readonly offsets: Int32Array;
  /** Tokens cut off on the right by `maxLength`. */
  readonly truncated: number;
}

/** What encoding a row needs. */
export interface EncodingContext {
  readonly tokenizer: Tokenizer;
  /** undefined: the model has no chat template. */
  readonly template: ChatTemplate | undefined;
  /** Tokens a row may have; longer rows are cut on the right. */
  readonly maxLength: number;
}

export type EncodeRow = (example: Example, context: EncodingContext) => EncodedRow;

/** The tokenizer that a GGUF file carries, as stored there; key names are those of `tokenizer.ggml.*`. */
export interface GgufTokenizerMetadata {
  readonly file: string;
  /** `gpt2` (byte-level BPE), `llama` (SentencePiece), ... */
  readonly model: string;
  /** Pre-tokenizer rule, e.g. `smollm`, `qwen2`, `llama-bpe`. */
  readonly pre: string | undefined;
  readonly tokens: readonly string[];
  /** Per token: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. */
  readonly tokenTypes: readonly number[] | undefined;
  readonly scores: readonly number[] | undefined;
  /** `left right`, best first. */
  readonly merges: readonly string[] | undefined;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly eotId: number | undefined;
  readonly unknownId: number | undefined;
  readonly paddingId: number | undefined;
  readonly separatorId: number | undefined;
  readonly addBos: boolean | undefined;
  readonly addEos: boolean | undefined;
  readonly addSpacePrefix: boolean | undefined;
  readonly chatTemplate: string | undefined;
  readonly namedChatTemplates: ReadonlyMap<string, string>;
}
