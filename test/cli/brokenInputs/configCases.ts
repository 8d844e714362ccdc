import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BrokenCase, editJson, type Loose, modelCase } from './brokenCase';

const config = 'config.json';

function text(name: string, make: (sound: string) => string | Buffer): BrokenCase {
  return modelCase(
    `config: ${name}`,
    (model) => {
      const file = path.join(model, config);
      writeFileSync(file, make(readFileSync(file, 'utf8')));
    },
    config,
  );
}

function edit(name: string, change: (value: Loose) => void, names: string): BrokenCase {
  return modelCase(`config: ${name}`, (model) => editJson(path.join(model, config), change), names);
}

/** A key with one value after the other. */
function values(key: string, ...wrong: readonly unknown[]): BrokenCase[] {
  return wrong.map((value) =>
    edit(
      `${key} is ${JSON.stringify(value)}`,
      (object) => {
        object[key] = value;
      },
      key,
    ),
  );
}

/** Values that are sound by themselves and do not fit the rest: the message names what they clash with. */
function misfits(key: string, ...wrong: readonly unknown[]): BrokenCase[] {
  return values(key, ...wrong).map((broken) => ({ ...broken, names: 'config' }));
}

function rope(name: string, parameters: unknown, names: string): BrokenCase {
  return edit(
    `rope_parameters: ${name}`,
    (object) => {
      object.rope_parameters = parameters;
    },
    names,
  );
}

export const configCases: readonly BrokenCase[] = [
  text('empty', () => ''),
  text('cut off', (sound) => sound.slice(0, sound.length >> 1)),
  text('a list', () => '[]'),
  text('null', () => 'null'),
  text('a text', () => '"llama"'),
  text('a comment in it', (sound) => `// tiny\n${sound}`),
  text('NaN as a number', (sound) => sound.replace('1e-05', 'NaN')),
  text('a number beyond doubles', (sound) => sound.replace('1e-05', '1e999')),
  text('a key twice', (sound) => sound.replace('{', '{"hidden_size": 24,')),
  text('not UTF-8', (sound) => Buffer.from(sound.replace('llama', 'll\u00e4ma'), 'latin1')),
  text('NUL bytes', () => Buffer.alloc(300)),
  text('nested 100,000 deep', () => `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  text('a million values', () => `{"a":[${'0,'.repeat(1_200_000)}0]}`),
  text('20 MB', (sound) => `${sound}${' '.repeat(20 * 2 ** 20)}`),
  ...values('model_type', 'mamba', 7, null, '__proto__', 'constructor', '', 'x'.repeat(100_000)),
  ...misfits('hidden_size', null, 50),
  ...misfits('num_attention_heads', 5),
  ...misfits('vocab_size', 400),
  ...misfits('attention_bias', true),
  edit(
    'no model_type',
    (object) => {
      delete object.model_type;
    },
    'model_type',
  ),
  ...values('hidden_size', -48, 0, 48.5, '48', [48], 1e308, 2 ** 31),
  ...values('num_hidden_layers', -1, 0, 1.5, 1e9, 100_000),
  ...values('num_attention_heads', 0, -4, 1e9),
  ...values('num_key_value_heads', 0, 3, 8),
  ...values('head_dim', 0, 13, -12, 'twelve'),
  ...values('intermediate_size', 0, 1e15, {}),
  ...values('vocab_size', 0, -1, 1e12),
  ...values('max_position_embeddings', 0, -128, 'many'),
  ...values('rms_norm_eps', -1, 'small'),
  ...values('hidden_act', 'swish9', 3),
  ...values('tie_word_embeddings', 'yes', 3),
  ...values('attention_bias', 'no'),
  ...values('quantization_config', { quant_method: 'bitsandbytes', load_in_4bit: true }),
  ...values('eos_token_id', 'end'),
  rope('an unknown type', { rope_type: 'spiral', rope_theta: 10_000 }, 'spiral'),
  rope('type is a number', { rope_type: 3, rope_theta: 10_000 }, 'rope_type'),
  rope('theta 0', { rope_type: 'default', rope_theta: 0 }, 'rope_theta'),
  rope('theta is a text', { rope_type: 'default', rope_theta: 'ten' }, 'rope_theta'),
  rope('linear without its factor', { rope_type: 'linear', rope_theta: 10_000 }, 'factor'),
  rope('a negative factor', { rope_type: 'linear', factor: -2, rope_theta: 10_000 }, 'factor'),
  rope(
    'longrope lists of the wrong length',
    {
      rope_type: 'longrope',
      rope_theta: 10_000,
      long_factor: [1],
      short_factor: [1],
      original_max_position_embeddings: 64,
    },
    'factor',
  ),
  rope('a list', [1, 2], 'rope_parameters'),
];
