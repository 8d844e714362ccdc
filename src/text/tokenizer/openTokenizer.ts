/** Opens the tokenizer of a Hugging Face model folder. */
import path from 'node:path';
import { inputError } from '../../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json';
import { readJsonObjectIfPresent } from '../boundedJson';
import { ConfigReader } from '../configReader';
import type { Tokenizer } from '../types';
import type { AddedToken } from './addedTokens';
import { createTokenizer, readAddedToken, type SpecialSpellings } from './createTokenizer';

/**
 * Reads `tokenizer.json`, with `tokenizer_config.json` and `special_tokens_map.json` where they are. Throws a UserError
 * where a file is missing, damaged or of a kind that is not supported.
 */
export function openTokenizer(folder: string): Tokenizer {
  const file = path.join(folder, 'tokenizer.json');
  const json = readJsonObjectIfPresent(file);
  if (json === undefined) {
    throw inputError(
      'tokenizer-missing',
      `${folder} has no tokenizer.json.`,
      'Put the tokenizer.json of the model there; save a slow tokenizer as a fast one first.',
    );
  }
  const configFile = path.join(folder, 'tokenizer_config.json');
  const config = readJsonObjectIfPresent(configFile) ?? {};
  const map = readJsonObjectIfPresent(path.join(folder, 'special_tokens_map.json')) ?? {};
  const special = readSpecialSpellings(config, map);
  return createTokenizer({
    file,
    json,
    special,
    furtherAdded: readAddedTokensDecoder(new ConfigReader(configFile, '', config)),
    around: readAround(config, special),
  });
}

/** Spelled special tokens: tokenizer_config.json first, then special_tokens_map.json. */
export function readSpecialSpellings(config: JsonObject, map: JsonObject): SpecialSpellings {
  const spelling = (key: string) => tokenContent(config[key]) ?? tokenContent(map[key]);
  return {
    bos: spelling('bos_token'),
    eos: spelling('eos_token'),
    pad: spelling('pad_token'),
    unknown: spelling('unk_token'),
  };
}

/** A special token is a string or `{ "content": … }`. */
function tokenContent(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  const content = isJsonObject(value) ? value.content : undefined;
  return typeof content === 'string' ? content : undefined;
}

function readAddedTokensDecoder(config: ConfigReader): AddedToken[] {
  const decoder = config.optionalObject('added_tokens_decoder');
  if (decoder === undefined) return [];
  return Object.keys(decoder.value).map((id) => readAddedToken(decoder.object(id), Number(id)));
}

/** These tokenizer classes build their post-processor anew from the configuration; the others keep tokenizer.json's. */
const rebuildingClasses = /^(Llama|CodeLlama|Gemma)Tokenizer(Fast)?$/;

function readAround(
  config: JsonObject,
  special: SpecialSpellings,
): { readonly before: readonly string[]; readonly after: readonly string[] } | undefined {
  const { tokenizer_class: name, add_bos_token: addBos, add_eos_token: addEos } = config;
  if (typeof name !== 'string' || !rebuildingClasses.test(name)) return undefined;
  if (typeof addBos !== 'boolean' && typeof addEos !== 'boolean') return undefined;
  return {
    before: addBos !== false && special.bos !== undefined ? [special.bos] : [],
    after: addEos === true && special.eos !== undefined ? [special.eos] : [],
  };
}
