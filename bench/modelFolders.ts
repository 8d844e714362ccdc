/** Makes the Hugging Face folders that both sides load: float32 safetensors and config.json, under .cache/bench/. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  float32Tensor,
  pyTorchMetadata,
  type TensorToWrite,
  writeSafetensors,
} from '../src/data/safetensors/writeSafetensors';
import { createRandom } from '../src/linalg/random';
import { openCheckpoint } from '../src/model/checkpoint/openCheckpoint';
import { readStoredTensor } from '../src/model/checkpoint/readStoredTensor';
import type { JsonObject } from '../src/protocol/json';
import type { BenchShape } from './shapes';

const cache = path.join('.cache', 'bench', 'models');
const realModel = path.join('.cache', 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf');
const standardDeviation = 0.02;

/** The folder, made at the first call; undefined where the real model was not fetched. */
export async function prepareModelFolder(shape: BenchShape): Promise<string | undefined> {
  const folder = path.resolve(cache, shape.id);
  if (existsSync(folder)) return folder;
  if (shape.id === 'smollm2' && !existsSync(realModel)) return undefined;
  const { config, tensors } = shape.id === 'smollm2' ? await realTensors() : randomTensors(shape);
  // Made under another name, so that a folder that is there is whole.
  const part = `${folder}.${process.pid}.part`;
  mkdirSync(part, { recursive: true });
  try {
    writeFileSync(path.join(part, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
    await writeSafetensors(path.join(part, 'model.safetensors'), tensors, pyTorchMetadata);
    renameSync(part, folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}

interface ModelContent {
  readonly config: JsonObject;
  readonly tensors: readonly TensorToWrite[];
}

/** SmolLM2 de-quantised to float32. */
async function realTensors(): Promise<ModelContent> {
  const { config, tensors } = await openCheckpoint(realModel);
  return {
    config,
    tensors: [...tensors].map(([name, tensor]) => ({
      name,
      dtype: 'F32',
      shape: tensor.kind === 'gguf' ? tensor.shape : tensor.location.shape,
      read: () => readStoredTensor(tensor),
    })),
  };
}

/** A Llama model with normal weights and norms of one. */
function randomTensors(shape: BenchShape): ModelContent {
  const { hiddenSize: hidden, intermediateSize: inner, vocabularySize, layers } = shape;
  const query = shape.heads * shape.headSize;
  const keyValue = shape.keyValueHeads * shape.headSize;
  const matrix = (name: string, rows: number, columns: number): TensorToWrite => {
    const random = createRandom(0, name);
    const data = Float32Array.from({ length: rows * columns }, () => standardDeviation * random.normal());
    return float32Tensor(name, [rows, columns], data);
  };
  const norm = (name: string): TensorToWrite => float32Tensor(name, [hidden], new Float32Array(hidden).fill(1));
  const layer = (prefix: string): TensorToWrite[] => [
    norm(`${prefix}.input_layernorm.weight`),
    matrix(`${prefix}.self_attn.q_proj.weight`, query, hidden),
    matrix(`${prefix}.self_attn.k_proj.weight`, keyValue, hidden),
    matrix(`${prefix}.self_attn.v_proj.weight`, keyValue, hidden),
    matrix(`${prefix}.self_attn.o_proj.weight`, hidden, query),
    norm(`${prefix}.post_attention_layernorm.weight`),
    matrix(`${prefix}.mlp.gate_proj.weight`, inner, hidden),
    matrix(`${prefix}.mlp.up_proj.weight`, inner, hidden),
    matrix(`${prefix}.mlp.down_proj.weight`, hidden, inner),
  ];
  return {
    config: {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_act: 'silu',
      vocab_size: vocabularySize,
      hidden_size: hidden,
      intermediate_size: inner,
      num_hidden_layers: layers,
      num_attention_heads: shape.heads,
      num_key_value_heads: shape.keyValueHeads,
      head_dim: shape.headSize,
      max_position_embeddings: 2048,
      rms_norm_eps: 1e-5,
      rope_theta: shape.ropeTheta,
      tie_word_embeddings: true,
      attention_bias: false,
      mlp_bias: false,
      bos_token_id: 1,
      eos_token_id: 2,
      torch_dtype: 'float32',
    },
    tensors: [
      matrix('model.embed_tokens.weight', vocabularySize, hidden),
      ...Array.from({ length: layers }, (_, index) => layer(`model.layers.${index}`)).flat(),
      norm('model.norm.weight'),
    ],
  };
}
