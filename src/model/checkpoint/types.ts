/**
 * checkpoint/ reads and writes models on disk: Hugging Face folders, safetensors, PEFT adapters, GGUF. It never
 * computes with a model and never changes a file it was given.
 */
import type { TensorLocation } from '../../data/safetensors/types';
import type { JsonObject } from '../../protocol/json';
import type { GgufType } from './gguf/ggufTypes';

export type { TensorLocation } from '../../data/safetensors/types';

/** A float32 tensor in memory. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model on disk, opened but not loaded: header bytes only have been read. */
export interface Checkpoint {
  /** Folder or `.gguf` file as given, resolved. */
  readonly path: string;
  readonly format: 'safetensors' | 'gguf';
  /** `config.json`, or the equivalent made from GGUF metadata (Hugging Face spelling). */
  readonly config: JsonObject;
  /** Under Hugging Face parameter names (`model.layers.0.self_attn.q_proj.weight`), canonical prefix included. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Real paths of every file that holds a part of the model. */
  readonly sourceFiles: readonly string[];
  readonly warnings: readonly CheckpointWarning[];
}

export interface CheckpointWarning {
  readonly code: string;
  readonly message: string;
}

/** A tensor as stored: in a safetensors file, or a GGUF block format that must be de-quantised and laid out anew. */
export type StoredTensor =
  | { readonly kind: 'plain'; readonly location: TensorLocation }
  | {
      readonly kind: 'gguf';
      /** Name in the GGUF file. */
      readonly name: string;
      readonly type: GgufType;
      /** Shape under the Hugging Face name, i.e. after `layout` was undone. */
      readonly shape: readonly number[];
      readonly file: string;
      readonly offset: number;
      readonly byteLength: number;
      readonly layout: GgufLayout;
    };

/** How a GGUF converter rearranged a tensor, i.e. what reading has to undo. */
export type GgufLayout =
  | { readonly kind: 'asIs' }
  /** llama q and k: in each head, element i + d/2 was put beside element i. `heads` is the number of heads in the rows. */
  | { readonly kind: 'permutedHeads'; readonly heads: number }
  /** GPT-NeoX: q, k, v of each head were gathered into all q, all k, all v. */
  | { readonly kind: 'gatheredQkv'; readonly heads: number }
  /** GPT-2 Conv1D: [in, out] was stored as [out, in]. */
  | { readonly kind: 'transposed' }
  /** Gemma norms: stored as 1 + weight. */
  | { readonly kind: 'plusOne' };

/** Every tensor of a model as float32 in files that a session can map: the originals where they are F32, else a cache. */
export type MappedWeights = ReadonlyMap<string, TensorLocation & { readonly dtype: 'F32' }>;

/** One adapted linear module: y += scaling * (x A^T) B^T. A is [rank, in], B is [out, rank], whatever the base layout is. */
export interface LoraModule {
  /** Hugging Face module path, e.g. `model.layers.0.self_attn.q_proj`. */
  readonly module: string;
  readonly rank: number;
  /** lora_alpha / rank, or lora_alpha / sqrt(rank) with rsLoRA. */
  readonly scaling: number;
  readonly a: HostTensor;
  readonly b: HostTensor;
}

export interface LoraAdapter {
  readonly folder: string;
  /** `adapter_config.json`, kept whole so that a written adapter says what it was read with. */
  readonly config: JsonObject;
  readonly baseModelNameOrPath: string | undefined;
  readonly modules: ReadonlyMap<string, LoraModule>;
  /** Parameters replaced whole (`modules_to_save`, trained biases), by base parameter name. */
  readonly replaced: ReadonlyMap<string, HostTensor>;
  /**
   * Those of `replaced` that peft saved unasked beside an adapted or resized embedding: part of the model, frozen in
   * training.
   */
  readonly carried: ReadonlySet<string>;
  /**
   * The output head of a base that ties it to the input embedding: `asInBase`: nothing special; `keepsBaseEmbedding`:
   * `replaced` has the embedding only, the head goes on using the base's; `replaced`: `replaced` has the head too, so that
   * the two are no longer tied. Always `asInBase` where the base ties nothing.
   */
  readonly tiedHead: 'asInBase' | 'keepsBaseEmbedding' | 'replaced';
  /** `MODULE.lora_A.weight`, `MODULE.lora_B.weight` or a base parameter name -> name in the file, to write back what peft would. */
  readonly savedNames: ReadonlyMap<string, string>;
}
