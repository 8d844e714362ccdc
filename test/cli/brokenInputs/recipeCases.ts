import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BrokenCase, file, type Loose, sound } from './brokenCase';

const recipeFile = 'recipe.json';
const train = ['train', '--recipe', recipeFile, '--out', 'out'];
const base = { model: sound.llama, data: sound.text, epochs: 1, batchSize: 4 };

function text(name: string, content: string | Uint8Array, names = recipeFile): BrokenCase {
  return { name: `recipe: ${name}`, write: file(recipeFile, content), args: train, names, outcome: 'refused' };
}

function recipe(name: string, changes: Loose, names: string): BrokenCase {
  return text(name, JSON.stringify({ ...base, ...changes }), names);
}

function place(name: string, make: (folder: string) => void, args: readonly string[], names: string): BrokenCase {
  return { name: `train: ${name}`, write: make, args, names, outcome: 'refused' };
}

const sane = file(recipeFile, JSON.stringify(base));

export const recipeCases: readonly BrokenCase[] = [
  text('empty', ''),
  text('not JSON', '{"model": '),
  text('a list', '[]'),
  text('binary', Buffer.alloc(64, 0xff)),
  text('nested 10,000 deep', `{"lora":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
  text('20 MB', `{"model":"${'x'.repeat(20 * 2 ** 20)}"}`),
  recipe('a misspelled key', { batchsize: 4 }, 'batchSize'),
  recipe('a misspelled key of lora', { lora: { rank: 4 } }, 'rank'),
  recipe('a misspelled key of the optimizer', { optimizer: { learning_rate: 1e-3 } }, 'learning_rate'),
  text('a key twice', `{"model": "${sound.llama}", "data": "${sound.text}", "epochs": 1, "epochs": 2}`, 'epochs'),
  text('an infinite rate', `{"model":"${sound.llama}","data":"${sound.text}","optimizer":{"lr":1e999}}`, 'lr'),
  recipe('method qlora', { method: 'qlora' }, 'method'),
  recipe('rank 0', { lora: { r: 0 } }, 'lora.r'),
  recipe('alpha of a text', { lora: { alpha: '16' } }, 'lora.alpha'),
  recipe('dropout', { lora: { dropout: 0.1 } }, 'dropout'),
  recipe('targets that match nothing', { lora: { targets: ['w_proj'] } }, 'w_proj'),
  recipe('no targets', { lora: { targets: [] } }, 'targets'),
  recipe('a starting adapter that is not there', { lora: { init: 'gone' } }, 'gone'),
  recipe('a starting adapter that is a model', { lora: { init: sound.gpt2 } }, 'adapter_config.json'),
  recipe('lora settings of a full fine-tune', { method: 'full', lora: { r: 4 } }, 'lora'),
  recipe('a negative rate', { optimizer: { lr: -1 } }, 'lr'),
  recipe('betas of 1', { optimizer: { betas: [1, 1] } }, 'betas'),
  recipe('one beta', { optimizer: { betas: [0.9] } }, 'betas'),
  recipe('an unknown optimizer', { optimizer: { name: 'lion' } }, 'optimizer.name'),
  recipe('an unknown schedule', { schedule: { name: 'zigzag' } }, 'schedule.name'),
  recipe('a negative warm-up', { schedule: { name: 'linear', warmupSteps: -1 } }, 'warmupSteps'),
  recipe('batches of nothing', { batchSize: 0 }, 'batchSize'),
  recipe('a batch of a million', { batchSize: 1_000_000 }, 'batchSize'),
  recipe('half an epoch', { epochs: 0.5 }, 'epochs'),
  recipe('one token a row', { maxLength: 1 }, 'maxLength'),
  recipe('a seed of a text', { seed: 'lucky' }, 'seed'),
  recipe('fewer than no demonstrations', { demonstrations: -1 }, 'demonstrations'),
  recipe('more demonstrations than rows', { demonstrations: 900 }, 'demonstrations'),
  recipe('an order of its own', { order: 'reverse' }, 'order'),
  recipe('no batches', { batches: [] }, 'batches'),
  recipe('an empty batch', { batches: [[0], []] }, 'batches'),
  recipe('a row beyond the data', { batches: [[0, 99]] }, '99'),
  recipe('a negative row', { batches: [[-1]] }, 'batches'),
  recipe('half a row', { batches: [[0.5]] }, 'batches'),
  recipe('rates that do not match the batches', { batches: [[0], [1]], learningRates: [0.1] }, 'learning rates'),
  recipe(
    'a rate at which training diverges',
    {
      optimizer: { name: 'adamw', lr: 1000, weightDecay: 10 },
      gradClip: 0,
      schedule: { name: 'constant' },
      epochs: 3,
      batchSize: 1,
      method: 'full',
    },
    'rate',
  ),
  recipe('a model that is not there', { model: 'gone' }, 'gone'),
  recipe('data that is not there', { data: 'gone.jsonl' }, 'gone.jsonl'),
  recipe('model is a number', { model: 7 }, 'model'),
  recipe('data is an object', { data: { train: 'x' } }, 'data'),
  recipe('data is the model folder', { data: sound.llama }, 'llama'),

  place('no recipe there', () => undefined, train, recipeFile),
  place('the recipe is a folder', (folder) => mkdirSync(path.join(folder, recipeFile)), train, recipeFile),
  place('the recipe is a pipe', (folder) => execFileSync('mkfifo', [path.join(folder, recipeFile)]), train, recipeFile),
  place('no --out', sane, ['train', '--recipe', recipeFile], '--out'),
  place('an empty --out', sane, ['train', '--recipe', recipeFile, '--out', ''], '--out'),
  place(
    '--out is a file',
    (folder) => {
      sane(folder);
      writeFileSync(path.join(folder, 'out'), 'mine');
    },
    train,
    'out',
  ),
  place(
    '--out holds something else',
    (folder) => {
      sane(folder);
      mkdirSync(path.join(folder, 'out'));
      writeFileSync(path.join(folder, 'out', 'thesis.txt'), 'mine');
    },
    train,
    'out',
  ),
  place(
    '--out holds a broken record',
    (folder) => {
      sane(folder);
      mkdirSync(path.join(folder, 'out', 'whence-run'), { recursive: true });
      writeFileSync(path.join(folder, 'out', 'whence-run', 'run.json'), '{"schema": "whence.run/1"');
    },
    train,
    'run.json',
  ),
  place(
    'the partial folder holds a broken record',
    (folder) => {
      sane(folder);
      mkdirSync(path.join(folder, 'out.whence-partial', 'whence-run'), { recursive: true });
      writeFileSync(path.join(folder, 'out.whence-partial', 'whence-run', 'run.json'), '{"schema": 3}');
    },
    train,
    'run.json',
  ),
  place('--out is the base model', sane, ['train', '--recipe', recipeFile, '--out', sound.llama], 'llama'),
  place(
    '--out lies in the base model',
    sane,
    ['train', '--recipe', recipeFile, '--out', `${sound.llama}/tuned`],
    'llama',
  ),
  place(
    '--out lies in the starting adapter',
    (folder) => {
      writeFileSync(path.join(folder, recipeFile), JSON.stringify({ ...base, lora: { init: sound.adapter } }));
    },
    ['train', '--recipe', recipeFile, '--out', `${sound.adapter}/tuned`],
    'adapter',
  ),
  place('--out is the folder of everything', sane, ['train', '--recipe', recipeFile, '--out', '.'], '--out'),
  place('--out lies in a file', sane, ['train', '--recipe', recipeFile, '--out', `${recipeFile}/out`], recipeFile),
  place(
    '--out where nothing can be written',
    sane,
    ['train', '--recipe', recipeFile, '--out', '/proc/whence/out'],
    '/proc',
  ),
  place('a name too long for any system', sane, ['train', '--recipe', recipeFile, '--out', 'o'.repeat(300)], 'ooo'),
  place(
    'a full fine-tune from an adapter',
    (folder) => {
      writeFileSync(path.join(folder, recipeFile), JSON.stringify({ ...base, method: 'full' }));
    },
    [...train, '--adapter', sound.adapter],
    'adapter',
  ),
  place(
    'no row with a trained token',
    (folder) => {
      file('empty.jsonl', '{"prompt": "a", "completion": ""}\n{"prompt": "b", "completion": ""}\n')(folder);
      writeFileSync(path.join(folder, recipeFile), JSON.stringify({ ...base, data: 'empty.jsonl', maxLength: 2 }));
    },
    train,
    'empty.jsonl',
  ),
  place(
    'every row is malformed',
    (folder) => {
      file('bad.jsonl', '{"text": \n{"text" 3}\n')(folder);
      writeFileSync(path.join(folder, recipeFile), JSON.stringify({ ...base, data: 'bad.jsonl' }));
    },
    train,
    'bad.jsonl',
  ),
];
