/**
 * What each family's `config.json` means. A key that would change the computation in a way that is not built is refused,
 * never ignored.
 */
import type { ModelConfig, ModelFamily } from '../../modelConfig';
import type { ConfigReader } from './configReader';
import { parseGemma2, parseGemma3 } from './gemmaFamilies';
import { parseGpt2, parseGptNeox } from './gptFamilies';
import { parseLlama, parseMistral, parseOlmo2, parsePhi3, parseQwen } from './llamaFamilies';

export const familyParsers: { readonly [F in ModelFamily]: (reader: ConfigReader) => ModelConfig } = {
  llama: parseLlama,
  mistral: parseMistral,
  qwen2: (reader) => parseQwen('qwen2', reader),
  qwen3: (reader) => parseQwen('qwen3', reader),
  gpt2: parseGpt2,
  gpt_neox: parseGptNeox,
  phi3: parsePhi3,
  gemma2: parseGemma2,
  gemma3_text: parseGemma3,
  olmo2: parseOlmo2,
};
