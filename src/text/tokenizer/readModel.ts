/** The `model` of tokenizer.json: vocabulary and rules, checked, as a TokenModel. */
import type { JsonValue } from '../../protocol/json';
import type { ConfigReader } from '../configReader';
import { type BpeSettings, createBpe, type Merge } from './bpe';
import { cacheWords, type TokenModel } from './tokenModel';
import { createUnigram } from './unigram';

/** More tokens than any tokenizer in use has by a factor of ten; keeps hostile ids from sizing arrays. */
export const maximumVocabulary = 4_000_000;

export interface Vocabulary {
  readonly idOf: ReadonlyMap<string, number>;
  readonly model: TokenModel;
}

const supported = ['BPE', 'Unigram'];

/** Throws a UserError where the model is damaged or of another kind. `eosToken` is what Unigram needs of the rest. */
export function readModel(config: ConfigReader, eosToken: string | undefined): Vocabulary {
  switch (readType(config)) {
    case 'BPE':
      return readBpe(config);
    case 'Unigram':
      return readUnigram(config, eosToken);
    default:
      throw config.unsupported('type', `"${readType(config)}"`, supported);
  }
}

/** Old files do not say the type; merges are BPE's. */
function readType(config: ConfigReader): string {
  const type = config.optionalString('type');
  if (type !== undefined) return type;
  return config.raw('merges') === undefined ? 'unnamed' : 'BPE';
}

function readVocabulary(config: ConfigReader): Map<string, number> {
  const idOf = new Map<string, number>();
  for (const [token, id] of Object.entries(config.object('vocab').value)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= maximumVocabulary) {
      throw config.damaged(
        'vocab',
        `gives ${JSON.stringify(token)} an id that is no whole number below ${maximumVocabulary}`,
      );
    }
    idOf.set(token, id);
  }
  if (idOf.size === 0) throw config.damaged('vocab', 'is empty');
  return idOf;
}

function readBpe(config: ConfigReader): Vocabulary {
  const idOf = readVocabulary(config);
  const continuingPrefix = config.optionalString('continuing_subword_prefix') ?? '';
  const unknown = config.optionalString('unk_token');
  const unknownId = unknown === undefined ? undefined : idOf.get(unknown);
  if (unknown !== undefined && unknownId === undefined)
    throw config.damaged('unk_token', 'is no token of the vocabulary');
  // Not a key of tokenizer.json itself: tokenizers made from GGUF metadata say here that llama.cpp's rule holds.
  const missing = config.optionalString('missing') ?? 'vanishes';
  if (missing !== 'vanishes' && missing !== 'separates')
    throw config.damaged('missing', 'is neither of the two values');
  const settings: BpeSettings = {
    idOf,
    merges: readMerges(config, idOf, continuingPrefix),
    unknownId,
    fuseUnknown: config.optionalBoolean('fuse_unk') ?? false,
    byteFallback: config.optionalBoolean('byte_fallback') ?? false,
    ignoreMerges: config.optionalBoolean('ignore_merges') ?? false,
    continuingPrefix,
    endOfWordSuffix: config.optionalString('end_of_word_suffix') ?? '',
    missing,
  };
  return { idOf, model: cacheWords(createBpe(settings)) };
}

function readMerges(config: ConfigReader, idOf: ReadonlyMap<string, number>, continuingPrefix: string): Merge[] {
  const ranks = readMergeRanks(config);
  return config.list('merges').map((entry, rank) => {
    const parts = typeof entry === 'string' ? entry.split(' ') : entry;
    const [left, right, rest] = Array.isArray(parts) ? parts : [];
    if (typeof left !== 'string' || typeof right !== 'string' || rest !== undefined) {
      throw config.damaged(`merges[${rank}]`, 'is not a pair of tokens');
    }
    const continued = right.startsWith(continuingPrefix) ? right.slice(continuingPrefix.length) : right;
    const [leftId, rightId, mergedId] = [left, right, left + continued].map((token) => idOf.get(token));
    if (leftId === undefined || rightId === undefined || mergedId === undefined) {
      throw config.damaged(`merges[${rank}]`, `names a token that is not in the vocabulary`);
    }
    return {
      left: leftId,
      right: rightId,
      merged: mergedId,
      rank: ranks === undefined ? rank : (ranks[rank] as number),
    };
  });
}

/** Not a key of tokenizer.json either: ranks of merges made from scores, some of which are equal. */
function readMergeRanks(config: ConfigReader): readonly JsonValue[] | undefined {
  const ranks = config.optionalList('merge_ranks');
  const limit = config.list('merges').length;
  const valid = ranks?.every((rank) => typeof rank === 'number' && Number.isInteger(rank) && rank >= 0 && rank < limit);
  if (ranks !== undefined && (ranks.length !== limit || valid !== true)) {
    throw config.damaged('merge_ranks', 'is no list of ranks, one per merge');
  }
  return ranks;
}

function readUnigram(config: ConfigReader, eosToken: string | undefined): Vocabulary {
  const entries = config.list('vocab');
  if (entries.length === 0 || entries.length > maximumVocabulary) throw config.damaged('vocab', 'has no usable length');
  const pieces = entries.map((entry, id): readonly [string, number] => {
    const [piece, score] = Array.isArray(entry) ? entry : [];
    if (typeof piece !== 'string' || typeof score !== 'number') {
      throw config.damaged(`vocab[${id}]`, 'is not a pair of piece and score');
    }
    return [piece, score];
  });
  const model = createUnigram({
    pieces,
    unknownId: config.integer('unk_id', pieces.length),
    byteFallback: config.optionalBoolean('byte_fallback') ?? false,
    eosToken,
  });
  return { idOf: new Map(pieces.map(([piece], id) => [piece, id])), model: cacheWords(model) };
}
