import { internalError } from '../../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json';
import type { GgufTokenizerMetadata } from '../types';
import type { TokenizerDefinition } from './createTokenizer';
import { ggufTokenizerDefinition } from './ggufTokenizer';

/**
 * The tokenizer of a GGUF file as the files of a Hugging Face folder: `tokenizer.json` and `tokenizer_config.json` with the
 * chat template, by name. Where SentencePiece merges tie, the file's order decides, not the leftmost place.
 */
export function ggufTokenizerFiles(metadata: GgufTokenizerMetadata): ReadonlyMap<string, JsonObject> {
  const definition = ggufTokenizerDefinition(metadata);
  const { bos, eos, pad, unknown } = definition.special;
  return new Map([
    ['tokenizer.json', tokenizerJson(definition)],
    [
      'tokenizer_config.json',
      {
        tokenizer_class: 'PreTrainedTokenizerFast',
        bos_token: bos ?? null,
        eos_token: eos ?? null,
        pad_token: pad ?? null,
        unk_token: unknown ?? null,
        clean_up_tokenization_spaces: false,
        ...(metadata.chatTemplate === undefined ? {} : { chat_template: metadata.chatTemplate }),
      },
    ],
  ]);
}

function tokenizerJson({ json, around }: TokenizerDefinition): JsonObject {
  const model = json.model;
  if (!isJsonObject(model)) throw internalError('a tokenizer without a model');
  const added = addedTokens(json.added_tokens);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: json.normalizer ?? null,
    pre_tokenizer: completed(json.pre_tokenizer ?? null),
    post_processor: postProcessor(around, added, model),
    decoder: completed(json.decoder ?? null),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: model.unk_token ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: model.fuse_unk ?? false,
      byte_fallback: model.byte_fallback ?? false,
      ignore_merges: model.ignore_merges ?? false,
      vocab: model.vocab ?? {},
      merges: model.merges ?? [],
    },
  };
}

/** Fills in the fields that the reference implementation does not leave out. */
function completed(step: JsonValue): JsonValue {
  if (!isJsonObject(step)) return step;
  if (step.type === 'ByteLevel') return { add_prefix_space: false, trim_offsets: true, use_regex: false, ...step };
  const inner = step.pretokenizers;
  return Array.isArray(inner) ? { ...step, pretokenizers: inner.map(completed) } : step;
}

function addedTokens(list: JsonValue | undefined): JsonObject[] {
  const tokens = Array.isArray(list) ? list.filter(isJsonObject) : [];
  return tokens.map((token) => ({ single_word: false, lstrip: false, rstrip: false, ...token }));
}

/** bos before and eos after, where the file wants them. */
function postProcessor(
  around: TokenizerDefinition['around'],
  added: readonly JsonObject[],
  { vocab }: JsonObject,
): JsonValue {
  const before = around?.before ?? [];
  const after = around?.after ?? [];
  if (before.length + after.length === 0) return null;
  const special = (id: string): JsonObject => ({ SpecialToken: { id, type_id: 0 } });
  const text = (id: string): JsonObject => ({ Sequence: { id, type_id: 0 } });
  const idOf = (token: string): JsonValue =>
    added.find(({ content }) => content === token)?.id ?? (isJsonObject(vocab) ? (vocab[token] ?? 0) : 0);
  return {
    type: 'TemplateProcessing',
    single: [...before.map(special), text('A'), ...after.map(special)],
    pair: [...before.map(special), text('A'), ...after.map(special), text('B')],
    special_tokens: Object.fromEntries(
      [...before, ...after].map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
    ),
  };
}
