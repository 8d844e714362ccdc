/**
 * The tokenizer of a GGUF file, by writing its metadata as the tokenizer.json that means the same and opening that.
 * Rules are llama.cpp's (`llm_tokenizer_bpe`, `llm_tokenizer_spm` in llama-vocab.cpp).
 */
import { inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { GgufTokenizerMetadata, Tokenizer } from '../types';
import { createTokenizer, type SpecialSpellings, type TokenizerDefinition } from './createTokenizer';
import { gpt2Pattern } from './patterns';

/** What a `tokenizer.ggml.pre` value means: patterns applied one after the other, each isolating its matches. */
interface PreTokenizerRule {
  readonly patterns: readonly string[];
  /** A word that is a token is that token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** Whether bos is put first where the file does not say. */
  readonly addBos: boolean;
}

const contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const signsAndSpaces = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const upper = '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+';
const lower = '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*';
const slashSigns = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const plain = { ignoreMerges: false, addBos: false };
const gpt2: PreTokenizerRule = { ...plain, patterns: [gpt2Pattern] };
const digitsThenGpt2: PreTokenizerRule = { ...plain, patterns: ['\\p{N}', gpt2Pattern] };
const llama3Pattern = `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|${signsAndSpaces}`;
const llama3: PreTokenizerRule = { patterns: [llama3Pattern], ignoreMerges: true, addBos: true };
const llama3Plain: PreTokenizerRule = { ...plain, patterns: [llama3Pattern] };
const qwen2: PreTokenizerRule = {
  ...plain,
  patterns: [`${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|${signsAndSpaces}`],
};
const qwen35: PreTokenizerRule = {
  ...plain,
  patterns: [
    `${contractions}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  ],
};
const tekken: PreTokenizerRule = {
  patterns: [`${upper}|${lower}|\\p{N}|${slashSigns}`],
  ignoreMerges: true,
  addBos: true,
};
const gpt4o: PreTokenizerRule = {
  ...plain,
  patterns: [`${upper}${contractions}?|${lower}${contractions}?|\\p{N}{1,3}|${slashSigns}`],
};
const falcon: PreTokenizerRule = {
  ...plain,
  patterns: ['[\\p{P}\\$\\+<=>\\^~\\|`]+', gpt2Pattern, '[0-9][0-9][0-9]'],
};
const byDefault: PreTokenizerRule = {
  ...plain,
  patterns: ['[\\p{P}\\$\\+<=>\\^~\\|]+', gpt2Pattern, '\\p{N}+', '[0-9][0-9][0-9]'],
};
const deepseek3: PreTokenizerRule = {
  ...plain,
  patterns: [
    '\\p{N}{1,3}',
    '[一-龥぀-ゟ゠-ヿ]+',
    '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  ],
};

const rules: ReadonlyMap<string, PreTokenizerRule> = new Map([
  ['default', byDefault],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['llama-bpe', llama3],
  ['falcon3', llama3],
  ['falcon-h1', llama3],
  ['pixtral', llama3],
  ['lfm2', llama3],
  ['dbrx', llama3Plain],
  ['smaug-bpe', llama3Plain],
  ['glm4', llama3Plain],
  ['chatglm-bpe', llama3Plain],
  ['falcon', falcon],
  ['gpt-2', gpt2],
  ['phi-2', gpt2],
  ['mpt', gpt2],
  ['olmo', gpt2],
  ['jais', gpt2],
  ['trillion', gpt2],
  ['exaone4', gpt2],
  ['mellum', gpt2],
  ['starcoder', digitsThenGpt2],
  ['refact', digitsThenGpt2],
  ['command-r', digitsThenGpt2],
  ['smollm', digitsThenGpt2],
  ['codeshell', digitsThenGpt2],
  ['exaone', digitsThenGpt2],
  ['minerva-7b', digitsThenGpt2],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
  ['megrez', qwen2],
  ['stablelm2', qwen2],
  ['hunyuan', qwen2],
  ['grok-2', qwen2],
  ['qwen35', qwen35],
  ['tekken', tekken],
  ['gpt-4o', gpt4o],
  ['llama4', gpt4o],
  ['deepseek-v3', deepseek3],
]);

/** Values of `tokenizer.ggml.token_type`. */
const tokenType = { unknown: 2, control: 3, userDefined: 4 } as const;

/** Throws a UserError where the metadata is damaged or of a kind that is not supported. */
export function openGgufTokenizer(metadata: GgufTokenizerMetadata): Tokenizer {
  return createTokenizer(ggufTokenizerDefinition(metadata));
}

/** What the metadata says, as a tokenizer.json. Throws as `openGgufTokenizer`. */
export function ggufTokenizerDefinition(metadata: GgufTokenizerMetadata): TokenizerDefinition {
  switch (metadata.model) {
    case 'gpt2':
      return byteLevelTokenizer(metadata);
    case 'llama':
      return sentencePieceTokenizer(metadata);
    default:
      throw inputError(
        'gguf-tokenizer-unsupported',
        `${metadata.file}: the tokenizer model "${metadata.model}" is not supported (supported: gpt2, llama).`,
        'Use a GGUF file with a BPE or SentencePiece tokenizer, or the Hugging Face folder of the model.',
      );
  }
}

function byteLevelTokenizer(metadata: GgufTokenizerMetadata): TokenizerDefinition {
  const rule = rules.get(metadata.pre ?? 'default');
  if (rule === undefined) {
    throw inputError(
      'gguf-tokenizer-unsupported',
      `${metadata.file}: the pre-tokenizer "${metadata.pre ?? ''}" is not supported (supported: ${[...rules.keys()].join(', ')}).`,
      'Use the Hugging Face folder of the model instead of the GGUF file.',
    );
  }
  if (metadata.merges === undefined) throw damaged(metadata, 'tokenizer.ggml.merges is missing');
  const splits = rule.patterns.map((pattern) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  }));
  const json: JsonObject = {
    added_tokens: addedTokens(metadata),
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [...splits, { type: 'ByteLevel', add_prefix_space: false, use_regex: false }],
    },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: vocabulary(metadata),
      // A token may itself hold spaces only in byte letters, so the one space separates the pair.
      merges: usableMerges(metadata.merges, new Set(metadata.tokens)),
      ignore_merges: rule.ignoreMerges,
      missing: 'separates',
    },
  };
  return assemble(metadata, json, metadata.addBos ?? rule.addBos);
}

/** llama.cpp passes over merges that name no tokens; a Hugging Face file with them would be refused. */
function usableMerges(merges: readonly string[], tokens: ReadonlySet<string>): string[] {
  return merges.filter((merge) => {
    const [left, right, rest] = merge.split(' ');
    return (
      rest === undefined && right !== undefined && tokens.has(left!) && tokens.has(right) && tokens.has(left! + right)
    );
  });
}

function sentencePieceTokenizer(metadata: GgufTokenizerMetadata): TokenizerDefinition {
  const space = { String: ' ' };
  const replace = { type: 'Replace', pattern: space, content: '▁' };
  const addSpace = metadata.addSpacePrefix ?? true;
  const steps = addSpace ? [{ type: 'Prepend', prepend: '▁' }, replace] : [replace];
  const unknown = metadata.unknownId === undefined ? undefined : metadata.tokens[metadata.unknownId];
  const decoders = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    ...(addSpace ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
  ];
  const { merges, ranks } = mergesOfScores(metadata);
  const json: JsonObject = {
    added_tokens: addedTokens(metadata),
    normalizer: { type: 'Sequence', normalizers: steps },
    decoder: { type: 'Sequence', decoders },
    model: {
      type: 'BPE',
      vocab: vocabulary(metadata),
      merges,
      merge_ranks: ranks,
      unk_token: unknown ?? null,
      fuse_unk: true,
      byte_fallback: true,
    },
  };
  return assemble(metadata, json, metadata.addBos ?? true);
}

/**
 * SentencePiece joins the neighbours whose union has the highest score, from the left among equals: merges ranked by
 * the score of what they make. Every way to cut a token into two tokens is such a merge.
 */
function mergesOfScores(metadata: GgufTokenizerMetadata): { merges: [string, string][]; ranks: number[] } {
  const { scores, tokens } = metadata;
  if (scores === undefined) throw damaged(metadata, 'tokenizer.ggml.scores is missing');
  const known = new Set(tokens);
  const found: { readonly pair: [string, string]; readonly score: number }[] = [];
  for (const [id, token] of tokens.entries()) {
    const score = scores[id]!;
    for (let cut = 1; cut < token.length; cut++) {
      const code = token.charCodeAt(cut);
      if (code >= 0xdc00 && code < 0xe000) continue; // inside a surrogate pair
      const pair: [string, string] = [token.slice(0, cut), token.slice(cut)];
      if (known.has(pair[0]) && known.has(pair[1])) found.push({ pair, score });
    }
  }
  found.sort((a, b) => b.score - a.score);
  let rank = -1;
  let last: number | undefined;
  const ranks = found.map(({ score }) => {
    if (score !== last) rank += 1;
    last = score;
    return rank;
  });
  return { merges: found.map(({ pair }) => pair), ranks };
}

/** Where a string stands twice in the list, the first id is the one that encoding gives. */
function vocabulary({ tokens }: GgufTokenizerMetadata): JsonObject {
  const vocab: Record<string, number> = Object.create(null);
  for (const [id, token] of tokens.entries()) vocab[token] ??= id;
  return vocab;
}

function addedTokens({ tokens, tokenTypes }: GgufTokenizerMetadata): JsonObject[] {
  const added: JsonObject[] = [];
  for (const [id, type] of (tokenTypes ?? []).entries()) {
    if (type !== tokenType.unknown && type !== tokenType.control && type !== tokenType.userDefined) continue;
    added.push({ id, content: tokens[id]!, special: type !== tokenType.userDefined, normalized: false });
  }
  return added;
}

/** Spelled special tokens, for chat templates. */
export function ggufSpecialSpellings(metadata: GgufTokenizerMetadata): SpecialSpellings {
  const spelling = (id: number | undefined) => (id === undefined ? undefined : metadata.tokens[id]);
  return {
    bos: spelling(metadata.bosId),
    eos: spelling(metadata.eosId),
    pad: spelling(metadata.paddingId),
    unknown: spelling(metadata.unknownId),
  };
}

function assemble(metadata: GgufTokenizerMetadata, json: JsonObject, addBos: boolean): TokenizerDefinition {
  const special = ggufSpecialSpellings(metadata);
  return {
    file: metadata.file,
    json,
    special,
    furtherAdded: [],
    around: {
      before: addBos && special.bos !== undefined ? [special.bos] : [],
      after: metadata.addEos === true && special.eos !== undefined ? [special.eos] : [],
    },
  };
}

function damaged(metadata: GgufTokenizerMetadata, problem: string): Error {
  return inputError(
    'gguf-tokenizer-damaged',
    `${metadata.file}: ${problem}.`,
    'Convert the model again together with its tokenizer.',
  );
}
