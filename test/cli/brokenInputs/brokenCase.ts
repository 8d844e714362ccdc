import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * One broken input and the command that meets it. Commands run in the case's own folder; what is sound lies in
 * `../../sound/` (see `writeSound`).
 */
export interface BrokenCase {
  readonly name: string;
  /** Writes the input into the case's own, empty folder. */
  readonly write: (folder: string) => void;
  readonly args: readonly string[];
  /** What the message must name: a file, a flag, a key. */
  readonly names: string;
  /** `refused`: exit code 2, an error, no result. `rowProblems`: a result that tells of the bad rows. */
  readonly outcome: 'refused' | 'rowProblems';
}

/** From a case's folder. */
export const sound = {
  llama: '../../sound/llama',
  gpt2: '../../sound/gpt2',
  gguf: '../../sound/llama.gguf',
  adapter: '../../sound/adapter',
  chat: '../../sound/openai.jsonl',
  text: '../../sound/text.jsonl',
} as const;

const fixtures = path.resolve('test/fixtures');

/** Sound models, an adapter and data that cases start from or use beside the broken input. */
export function writeSound(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ['llama', 'gpt2']) copyModel(name, path.join(folder, name));
  cpSync(path.join(fixtures, 'gguf/llama-Q8_0.gguf'), path.join(folder, 'llama.gguf'));
  copyAdapter(path.join(folder, 'adapter'));
  for (const name of ['openai.jsonl', 'text.jsonl']) cpSync(path.join(fixtures, 'data', name), path.join(folder, name));
}

/** A model folder without its reference values. */
export function copyModel(name: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    cpSync(path.join(fixtures, 'models', name, file), path.join(target, file));
}

export function copyAdapter(target: string): void {
  mkdirSync(target, { recursive: true });
  for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
    cpSync(path.join(fixtures, 'adapters/llama-lora-qv', file), path.join(target, file));
}

/** JSON of a test's own file, to be changed freely. */
// biome-ignore lint/suspicious/noExplicitAny: test inputs are bent in every direction
export type Loose = any;

export function editJson(file: string, edit: (value: Loose) => void): void {
  const value: Loose = JSON.parse(readFileSync(file, 'utf8'));
  edit(value);
  writeFileSync(file, JSON.stringify(value));
}

const ask = ['ask', '--prompt', 'hello', '--max-tokens', '2'] as const;

/** A copy of the tiny llama in `model/`, changed; asked. */
export function modelCase(name: string, change: (model: string) => void, names: string): BrokenCase {
  return {
    name,
    write: (folder) => {
      const model = path.join(folder, 'model');
      copyModel('llama', model);
      change(model);
    },
    args: [...ask, '--model', 'model'],
    names,
    outcome: 'refused',
  };
}

export function file(name: string, content: string | Uint8Array): (folder: string) => void {
  return (folder) => {
    const place = path.join(folder, name);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, content);
  };
}

export function nothing(): void {
  // The arguments alone are wrong.
}
