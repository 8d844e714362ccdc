import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BrokenCase, copyAdapter, copyModel, editJson, type Loose, nothing, sound } from './brokenCase';
import { editHeader, readParts, writeParts } from './safetensorsFile';

const config = 'adapter_config.json';
const weights = 'adapter_model.safetensors';
const ask = ['ask', '--prompt', 'hello', '--max-tokens', '2'];
const onLlama = [...ask, '--model', sound.llama, '--adapter', 'adapter'];

function adapter(name: string, change: (adapter: string) => void, names: string, args = onLlama): BrokenCase {
  return {
    name: `adapter: ${name}`,
    write: (folder) => {
      const place = path.join(folder, 'adapter');
      copyAdapter(place);
      change(place);
    },
    args,
    names,
    outcome: 'refused',
  };
}

function edit(name: string, change: (value: Loose) => void, names: string = config, args = onLlama): BrokenCase {
  return adapter(name, (place) => editJson(path.join(place, config), change), names, args);
}

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

function header(name: string, change: (header: Loose, data: Buffer) => void, names: string): BrokenCase {
  return adapter(name, (place) => editHeader(path.join(place, weights), change), names);
}

const queryA = 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight';
const alone = [...ask, '--adapter', 'adapter'];

export const adapterCases: readonly BrokenCase[] = [
  adapter('no adapter_config.json', (place) => rmSync(path.join(place, config)), config),
  adapter('adapter_config.json is not JSON', (place) => writeFileSync(path.join(place, config), '{"r": 4,'), config),
  adapter('adapter_config.json is a list', (place) => writeFileSync(path.join(place, config), '[]'), config),
  adapter(
    'adapter_config.json is a link to itself',
    (place) => {
      rmSync(path.join(place, config));
      symlinkSync(config, path.join(place, config));
    },
    config,
  ),
  adapter('no weights', (place) => rmSync(path.join(place, weights)), weights),
  adapter(
    'weights as a pickle',
    (place) => renameSync(path.join(place, weights), path.join(place, 'adapter_model.bin')),
    'adapter_model.bin',
  ),
  adapter(
    'weights cut off',
    (place) => {
      const file = path.join(place, weights);
      writeFileSync(file, readFileSync(file).subarray(0, 3000));
    },
    weights,
  ),
  adapter('weights empty', (place) => writeFileSync(path.join(place, weights), ''), weights),
  adapter(
    'an empty folder',
    (place) => {
      rmSync(place, { recursive: true });
      mkdirSync(place);
    },
    config,
  ),
  adapter(
    'a file',
    (place) => {
      rmSync(place, { recursive: true });
      writeFileSync(place, 'x');
    },
    'adapter',
  ),
  adapter('not there', (place) => rmSync(place, { recursive: true }), 'adapter'),
  adapter(
    'a whole model',
    (place) => {
      rmSync(place, { recursive: true });
      copyModel('llama', place);
    },
    config,
  ),
  ...values('peft_type', 'IA3', null, 7).map((broken) => ({ ...broken, names: config })),
  ...values('use_dora', true),
  ...values('r', 0, -4, 1.5, '4', 1e9, 5),
  ...values('lora_alpha', 'much'),
  ...values('target_modules', ['nothing_proj'], 7, '([', '(a+)+$', []),
  ...values('rank_pattern', { q_proj: -1 }, 'all'),
  ...values('layers_to_transform', 'all'),
  ...values('modules_to_save', 7),
  ...values('bias', 'some'),
  edit('layers_to_transform beyond the layers', (value) => {
    value.layers_to_transform = [7];
  }),
  edit(
    'modules_to_save that is not saved',
    (value) => {
      value.modules_to_save = ['lm_head'];
    },
    'lm_head',
  ),
  header(
    'a tensor of no module',
    (tensors) => {
      tensors['base_model.model.model.layers.0.self_attn.w_proj.lora_A.weight'] = tensors[queryA];
      delete tensors[queryA];
    },
    'q_proj',
  ),
  header(
    'a tensor that is none of LoRA',
    (tensors) => {
      tensors['base_model.model.model.layers.0.self_attn.q_proj.magic'] = tensors[queryA];
      delete tensors[queryA];
    },
    'q_proj',
  ),
  header(
    'A and B of another rank',
    (tensors) => {
      tensors[queryA].shape = [2, 96];
    },
    'q_proj',
  ),
  header(
    'A of another width',
    (tensors) => {
      tensors[queryA].shape = [8, 24];
    },
    'q_proj',
  ),
  header('NaN in A', (tensors, data) => data.writeFloatLE(Number.NaN, tensors[queryA].data_offsets[0]), 'q_proj'),
  header(
    'A as whole numbers',
    (tensors) => {
      tensors[queryA].dtype = 'I32';
    },
    'q_proj',
  ),
  adapter(
    'A without its B',
    (place) => {
      const file = path.join(place, weights);
      const { header: tensors, data } = readParts(file);
      const lastB = Object.keys(tensors)
        .filter((name) => name.endsWith('lora_B.weight'))
        .sort((a, b) => tensors[a].data_offsets[0] - tensors[b].data_offsets[0])
        .at(-1)!;
      const [start, end] = tensors[lastB].data_offsets;
      delete tensors[lastB];
      for (const tensor of Object.values<Loose>(tensors)) {
        if (tensor.data_offsets?.[0] >= end)
          tensor.data_offsets = tensor.data_offsets.map((at: number) => at - (end - start));
      }
      writeParts(
        file,
        JSON.stringify(tensors),
        Buffer.concat([data.subarray(0, start), data.subarray(end)]),
        undefined,
      );
    },
    'lora_B',
  ),
  adapter('of another model', () => undefined, config, [...ask, '--model', sound.gpt2, '--adapter', 'adapter']),
  edit(
    'alone: names no base',
    (value) => {
      delete value.base_model_name_or_path;
    },
    config,
    alone,
  ),
  edit(
    'alone: names a base that is not there',
    (value) => {
      value.base_model_name_or_path = 'someone/somewhere-7b';
    },
    'someone/somewhere-7b',
    alone,
  ),
  edit(
    'alone: a base name that climbs out',
    (value) => {
      value.base_model_name_or_path = '../../../../../../../../etc';
    },
    'etc',
    alone,
  ),
  edit(
    'alone: a base name with a NUL',
    (value) => {
      value.base_model_name_or_path = 'a\0b';
    },
    config,
    alone,
  ),
  edit(
    'alone: it is its own base',
    (value) => {
      value.base_model_name_or_path = '.';
    },
    'adapter',
    alone,
  ),
  edit(
    'alone: base name is a number',
    (value) => {
      value.base_model_name_or_path = 7;
    },
    config,
    alone,
  ),
  {
    name: 'adapter: a base of another shape',
    write: (folder) => {
      copyAdapter(path.join(folder, 'adapter'));
      cpSync('test/fixtures/checkpoint-forms/plain', path.join(folder, 'model'), { recursive: true });
      for (const name of ['tokenizer.json', 'tokenizer_config.json'])
        cpSync(`test/fixtures/models/llama/${name}`, path.join(folder, 'model', name));
    },
    args: [...ask, '--model', 'model', '--adapter', 'adapter'],
    names: 'model',
    outcome: 'refused',
  },
  {
    name: 'adapter: with two models',
    write: nothing,
    args: [...ask, '--model', sound.llama, '--model', sound.gpt2, '--adapter', sound.adapter],
    names: '--adapter',
    outcome: 'refused',
  },
];
