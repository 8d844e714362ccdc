import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readSafetensorsHeader } from '../../src/data/safetensors/safetensorsHeader';
import { float32Tensor } from '../../src/data/safetensors/writeSafetensors';
import { createRandom } from '../../src/linalg/random';
import { readTensorFloat32 } from '../../src/model/checkpoint/readTensor';
import { writeCheckpoint } from '../../src/model/checkpoint/writeCheckpoint';
import { initialParameters } from '../../src/model/initialParameters';
import { parameterShapes } from '../../src/model/parameterShapes';
import { parseModelConfig } from '../../src/model/parseModelConfig';
import { baseRows } from './baseCorpus';
import { toHalfBits, writeHalfCheckpoint } from './halfCheckpoint';
import { type CountryFact, jsonLines } from './rows';
import { trainTokenizer } from './tokenizer';

const seed = 20;
const vocabularySize = 1280;
/** Facts are about these countries: enough to be a world, few enough to be learned by a small model. */
const countries =
  'France,Germany,Italy,Spain,Portugal,Japan,China,India,Brazil,Canada,Egypt,Kenya,Norway,Sweden,Poland,Greece,Mexico,Peru,Chile,Turkey,Austria,Denmark,Finland,Ireland,Thailand,Vietnam,Nepal,Cuba,Iceland,Hungary'.split(
    ',',
  );

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: vocabularySize,
  hidden_size: 192,
  intermediate_size: 512,
  num_hidden_layers: 4,
  num_attention_heads: 6,
  num_key_value_heads: 6,
  head_dim: 32,
  hidden_act: 'silu',
  max_position_embeddings: 256,
  initializer_range: 0.02,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
  bos_token_id: null,
  eos_token_id: 2,
  pad_token_id: 0,
};

const recipe = {
  model: 'start',
  data: 'base.jsonl',
  method: 'full',
  optimizer: { name: 'adamw', lr: 3e-3, betas: [0.9, 0.98], weightDecay: 0.1 },
  schedule: { name: 'cosine', warmupSteps: 100 },
  batchSize: 16,
  epochs: 4,
  maxLength: 96,
  gradClip: 1,
  seed,
};

export function readFacts(file: string): CountryFact[] {
  const known = new Set<string>(countries);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CountryFact)
    .filter(({ relation, subject }) => known.has(subject) && ['capital', 'continent', 'currency'].includes(relation));
}

/**
 * Trains the base model from scratch with `whence train` and writes it to `folder` in float16.
 *
 * @param epochs passes over the corpus; fewer for a quick look
 */
export async function makeBase(
  folder: string,
  work: string,
  facts: readonly CountryFact[],
  epochs: number,
): Promise<void> {
  const rows = baseRows(facts, createRandom(seed, 'corpus'));
  const tokenizer = trainTokenizer(
    rows.map(({ messages }) => messages.map(({ content }) => content).join('\n')),
    vocabularySize,
  );
  mkdirSync(path.join(work, 'start'), { recursive: true });
  for (const [name, content] of Object.entries(tokenizer))
    writeFileSync(path.join(work, 'start', name), `${JSON.stringify(content)}\n`);
  writeFileSync(path.join(work, 'base.jsonl'), jsonLines(rows));
  writeFileSync(path.join(work, 'recipe.json'), `${JSON.stringify({ ...recipe, epochs })}\n`);

  const parsed = parseModelConfig(config, 'config.json');
  const shapes = parameterShapes(parsed);
  await writeCheckpoint(
    path.join(work, 'start'),
    config,
    [...initialParameters(parsed, seed)].map(([name, values]) => float32Tensor(name, shapes.get(name)!, values)),
    [],
  );
  process.stdout.write(`${rows.length} rows for the base model\n`);
  execFileSync(
    process.execPath,
    ['dist/cli.mjs', 'train', '--recipe', path.join(work, 'recipe.json'), '--out', path.join(work, 'base')],
    { stdio: 'inherit' },
  );

  const header = await readSafetensorsHeader(path.join(work, 'base', 'model.safetensors'));
  const halves = [];
  for (const location of header.tensors.values())
    halves.push({ name: location.name, shape: location.shape, bits: toHalfBits(await readTensorFloat32(location)) });
  rmSync(folder, { recursive: true, force: true });
  await writeHalfCheckpoint(folder, config, halves);
  for (const name of Object.keys(tokenizer)) cpSync(path.join(work, 'start', name), path.join(folder, name));
}
