/** The tokenizer that a GGUF file carries, as it lies in the metadata: typed and range-checked, not interpreted. */
import { inputError } from '../../../protocol/errors';
import type { GgufTokenizerMetadata } from '../../../text/types';
import { type GgufValue, readGgufHeader } from './readGgufHeader';

/** Throws a UserError where the file has no tokenizer or its lists have the wrong type or length. */
export async function readGgufTokenizerMetadata(file: string): Promise<GgufTokenizerMetadata> {
  const { metadata } = await readGgufHeader(file);
  const reader = new TokenizerReader(file, metadata);
  const tokens = reader.strings('tokenizer.ggml.tokens');
  const model = reader.string('tokenizer.ggml.model');
  if (tokens === undefined || model === undefined) {
    throw inputError(
      'gguf-no-tokenizer',
      `${file} carries no tokenizer (tokenizer.ggml.model and tokenizer.ggml.tokens).`,
      'Use a GGUF file that was converted together with its tokenizer.',
    );
  }
  const id = (key: string) => reader.tokenId(`tokenizer.ggml.${key}`, tokens.length);
  return {
    file,
    model,
    pre: reader.string('tokenizer.ggml.pre'),
    tokens,
    tokenTypes: reader.numbers('tokenizer.ggml.token_type', tokens.length),
    scores: reader.numbers('tokenizer.ggml.scores', tokens.length),
    merges: reader.strings('tokenizer.ggml.merges'),
    bosId: id('bos_token_id'),
    eosId: id('eos_token_id'),
    eotId: id('eot_token_id'),
    unknownId: id('unknown_token_id'),
    paddingId: id('padding_token_id'),
    separatorId: id('seperator_token_id'), // spelled so in GGUF
    addBos: reader.boolean('tokenizer.ggml.add_bos_token'),
    addEos: reader.boolean('tokenizer.ggml.add_eos_token'),
    addSpacePrefix: reader.boolean('tokenizer.ggml.add_space_prefix'),
    chatTemplate: reader.string('tokenizer.chat_template'),
    namedChatTemplates: namedTemplates(reader),
  };
}

function namedTemplates(reader: TokenizerReader): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const name of reader.strings('tokenizer.chat_templates') ?? []) {
    const template = reader.string(`tokenizer.chat_template.${name}`);
    if (template !== undefined) named.set(name, template);
  }
  return named;
}

class TokenizerReader {
  constructor(
    private readonly file: string,
    private readonly metadata: ReadonlyMap<string, GgufValue>,
  ) {}

  private refusal(key: string, problem: string): Error {
    return inputError(
      'gguf-tokenizer-damaged',
      `${this.file}: ${key} ${problem}.`,
      'Convert the model again together with its tokenizer.',
    );
  }

  string(key: string): string | undefined {
    const value = this.metadata.get(key);
    if (value !== undefined && typeof value !== 'string') throw this.refusal(key, 'is not a string');
    return value;
  }

  boolean(key: string): boolean | undefined {
    const value = this.metadata.get(key);
    if (value !== undefined && typeof value !== 'boolean') throw this.refusal(key, 'is not true or false');
    return value;
  }

  /** undefined where the key is absent, or names no token (some converters write -1 or 2^32 - 1 for "none"). */
  tokenId(key: string, tokenCount: number): number | undefined {
    const value = this.metadata.get(key);
    if (value === undefined || value === -1 || value === 0xffffffff) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= tokenCount) {
      throw this.refusal(key, `is ${String(value)}, not one of the ${tokenCount} tokens`);
    }
    return value;
  }

  strings(key: string): readonly string[] | undefined {
    const value = this.metadata.get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.refusal(key, 'is not a list');
    return value.map((entry: GgufValue) => {
      if (typeof entry !== 'string') throw this.refusal(key, 'is not a list of strings');
      return entry;
    });
  }

  numbers(key: string, length: number): readonly number[] | undefined {
    const value = this.metadata.get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.refusal(key, 'is not a list');
    if (value.length !== length) throw this.refusal(key, `has ${value.length} entries for ${length} tokens`);
    return value.map((entry: GgufValue) => {
      if (typeof entry !== 'number') throw this.refusal(key, 'is not a list of numbers');
      return entry;
    });
  }
}
