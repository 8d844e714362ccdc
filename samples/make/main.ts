/**
 * Makes the sample workspace from nothing but a seed: corpus, tokenizer, base model (trained from scratch by
 * `whence train`), the shop's data, recipe and workspace file. `npm run sample` runs it; the result is committed.
 *
 * Usage: node make-sample.mjs OUT COUNTRY_FACTS.jsonl
 */
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
import { baseRows, type ChatRow, type CountryFact, shopRows } from './corpus';
import { toHalfBits, writeHalfCheckpoint } from './halfCheckpoint';
import { trainTokenizer } from './tokenizer';

const seed = 20;
const vocabularySize = 1024;
/** Facts are about these countries: enough to be a world, few enough to be learned by a small model. */
const countries = [
  'France',
  'Germany',
  'Italy',
  'Spain',
  'Portugal',
  'Japan',
  'China',
  'India',
  'Brazil',
  'Canada',
  'Egypt',
  'Kenya',
  'Norway',
  'Sweden',
  'Poland',
  'Greece',
  'Mexico',
  'Peru',
  'Chile',
  'Turkey',
  'Austria',
  'Denmark',
  'Finland',
  'Ireland',
  'Thailand',
  'Vietnam',
  'Nepal',
  'Cuba',
  'Iceland',
  'Hungary',
];

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: vocabularySize,
  hidden_size: 128,
  intermediate_size: 384,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
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

const baseRecipe = {
  method: 'full',
  optimizer: { name: 'adamw', lr: 3e-3, betas: [0.9, 0.98], weightDecay: 0.1 },
  schedule: { name: 'cosine', warmupSteps: 40 },
  batchSize: 16,
  epochs: 12,
  maxLength: 96,
  gradClip: 1,
  seed,
};

const shopRecipe = {
  model: 'base',
  data: 'shop',
  method: 'lora',
  lora: { r: 8, alpha: 16, targets: 'all-linear' },
  optimizer: { name: 'adamw', lr: 5e-3 },
  schedule: { name: 'linear', warmupSteps: 4 },
  batchSize: 8,
  epochs: 10,
  maxLength: 96,
  gradClip: 1,
  seed,
};

const workspace = `{
  // A small assistant and what a hardware shop fine-tunes it with. Made by \`npm run sample\`.
  "models": {
    "base": { "path": "models/base" },
    "tuned": { "path": "models/base", "adapter": "models/tuned", "base": "base", "run": "models/tuned/whence-run", "trainedOn": ["shop"] }
  },
  "data": { "shop": { "path": "data/shop.jsonl" } },
  "defaults": { "model": "base", "data": ["shop"] },
  "device": "auto"
}
`;

function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function readFacts(file: string): CountryFact[] {
  const known = new Set<string>(countries);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CountryFact)
    .filter(({ relation, subject }) => known.has(subject) && ['capital', 'continent', 'currency'].includes(relation));
}

function textOf({ messages }: ChatRow): string {
  return messages.map(({ content }) => content).join('\n');
}

const [out, factsFile] = process.argv.slice(2);
if (out === undefined || factsFile === undefined)
  throw new Error('usage: node make-sample.mjs OUT COUNTRY_FACTS.jsonl');
const work = path.join(out, '.making');
rmSync(work, { recursive: true, force: true });
mkdirSync(path.join(work, 'start'), { recursive: true });
const write = (folder: string, name: string, text: string): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), text);
};

const base = baseRows(readFacts(factsFile), createRandom(seed, 'corpus'));
const shop = shopRows();
const tokenizer = trainTokenizer([...base, ...shop].map(textOf), vocabularySize);
for (const [name, content] of Object.entries(tokenizer))
  write(path.join(work, 'start'), name, `${JSON.stringify(content)}\n`);
write(work, 'base.jsonl', jsonLines(base));
write(work, 'recipe.json', `${JSON.stringify({ ...baseRecipe, model: 'start', data: 'base.jsonl' })}\n`);

const parsed = parseModelConfig(config, 'config.json');
const shapes = parameterShapes(parsed);
const start = initialParameters(parsed, seed);
await writeCheckpoint(
  path.join(work, 'start'),
  config,
  [...start].map(([name, values]) => float32Tensor(name, shapes.get(name)!, values)),
  [],
);
process.stdout.write(`${base.length} rows for the base model, ${shop.length} for the shop\n`);
execFileSync(
  process.execPath,
  ['dist/cli.mjs', 'train', '--recipe', path.join(work, 'recipe.json'), '--out', path.join(work, 'base')],
  { stdio: 'inherit' },
);

const trained = path.join(work, 'base', 'model.safetensors');
const header = await readSafetensorsHeader(trained);
const halves = [];
for (const location of header.tensors.values()) {
  halves.push({ name: location.name, shape: location.shape, bits: toHalfBits(await readTensorFloat32(location)) });
}
await writeHalfCheckpoint(path.join(out, 'models', 'base'), config, halves);
for (const name of Object.keys(tokenizer))
  cpSync(path.join(work, 'start', name), path.join(out, 'models', 'base', name));
write(path.join(out, 'data'), 'shop.jsonl', jsonLines(shop));
write(out, 'recipe.json', `${JSON.stringify(shopRecipe, null, 2)}\n`);
write(out, 'whence.json', workspace);
rmSync(work, { recursive: true, force: true });
