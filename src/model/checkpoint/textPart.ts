/** The language model inside a checkpoint that also reads images. */
import { isJsonObject, type JsonObject } from '../../protocol/json';
import type { TensorLocation } from './types';

export interface TextPart {
  /** As a text model of its own would have it. */
  readonly config: JsonObject;
  /** Under the names that a text model of its own would give them. */
  readonly tensors: ReadonlyMap<string, TensorLocation>;
}

/** What belongs to images: `vision_tower.…` in files, `model.vision_tower.…` in the memory of newer transformers. */
const imageParts = /^(?:model\.)?(?:vision_tower|multi_modal_projector)\./;

/** `language_model.model.…` in files of every age, `model.language_model.…` in newer memory; the head follows its model. */
const textNames = /^(?:language_model\.model|model\.language_model)\./;
const textHead = /^language_model\.lm_head\./;

/**
 * The text part of a Gemma 3 checkpoint (`model_type` gemma3); undefined where the configuration has none, which is for
 * the reader of the configuration to refuse. End tokens of the whole go before those of the part.
 */
export function textPart(config: JsonObject, stored: ReadonlyMap<string, TensorLocation>): TextPart | undefined {
  const text = config.text_config;
  if (!isJsonObject(text)) return undefined;
  const whole = [
    'eos_token_id',
    'bos_token_id',
    'pad_token_id',
    'dtype',
    'torch_dtype',
    'tie_word_embeddings',
    'quantization_config',
  ];
  const kept = Object.entries(config).filter(([key, value]) => whole.includes(key) && value !== null);
  const tensors = [...stored]
    .filter(([name]) => !imageParts.test(name))
    .map(([name, location]): [string, TensorLocation] => [
      name.replace(textNames, 'model.').replace(textHead, 'lm_head.'),
      location,
    ]);
  return {
    config: {
      ...text,
      ...Object.fromEntries(kept),
      model_type: 'gemma3_text',
      architectures: ['Gemma3ForCausalLM'],
    },
    tensors: new Map(tensors),
  };
}
