/** Everything textual of a model at once: tokenizer, chat template, and the tokens that end generation. */

import { stopTokenIds } from './rows/endTokens';
import { openChatTemplate, openGgufChatTemplate } from './template/openChatTemplate';
import { openGgufTokenizer } from './tokenizer/ggufTokenizer';
import { openTokenizer } from './tokenizer/openTokenizer';
import type { ChatTemplate, GgufTokenizerMetadata, Tokenizer } from './types';

export interface ModelText {
  readonly tokenizer: Tokenizer;
  /** undefined: the model has no chat template. */
  readonly template: ChatTemplate | undefined;
  readonly stopTokens: ReadonlySet<number>;
}

/** From a Hugging Face folder. `now` is what templates that print the date show. */
export function openModelText(folder: string, now: () => Date): ModelText {
  const tokenizer = openTokenizer(folder);
  const template = openChatTemplate(folder, now);
  return { tokenizer, template, stopTokens: stopTokenIds(folder, tokenizer, template) };
}

/** From the metadata of a GGUF file. */
export function openGgufModelText(metadata: GgufTokenizerMetadata, now: () => Date): ModelText {
  const tokenizer = openGgufTokenizer(metadata);
  const template = openGgufChatTemplate(metadata, now);
  return { tokenizer, template, stopTokens: stopTokenIds(undefined, tokenizer, template, [metadata.eotId]) };
}
