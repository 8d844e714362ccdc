import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BrokenCase, copyModel, file, type Loose, modelCase, nothing, sound } from './brokenCase';
import { editHeader, readParts, writeParts } from './safetensorsFile';

const weights = 'model.safetensors';
const index = 'model.safetensors.index.json';
const embedding = 'model.embed_tokens.weight';
const query = 'model.layers.0.self_attn.q_proj.weight';

/** Puts tensors together anew: `edit` changes a map of name to {dtype, shape, bytes}. */
function retensor(model: string, edit: (tensors: Map<string, Loose>) => void): void {
  const place = path.join(model, weights);
  const { header, data } = readParts(place);
  const tensors = new Map<string, Loose>();
  for (const [name, { dtype, shape, data_offsets: at }] of Object.entries<Loose>(header)) {
    if (name !== '__metadata__') tensors.set(name, { dtype, shape, bytes: data.subarray(at[0], at[1]) });
  }
  edit(tensors);
  let offset = 0;
  const entries = [...tensors].map(([name, { dtype, shape, bytes }]) => {
    const start = offset;
    offset += bytes.length;
    return [name, { dtype, shape, data_offsets: [start, offset] }] as const;
  });
  const bytes = Buffer.concat([...tensors.values()].map((tensor) => tensor.bytes));
  writeParts(place, JSON.stringify(Object.fromEntries(entries)), bytes, undefined);
}

function tensors(name: string, edit: (tensors: Map<string, Loose>) => void, names: string): BrokenCase {
  return modelCase(`checkpoint: ${name}`, (model) => retensor(model, edit), names);
}

function value(name: string, number: number, args: readonly string[]): BrokenCase {
  const write = modelCase(
    '',
    (model) => {
      editHeader(path.join(model, weights), (header, data) => data.writeFloatLE(number, header[query].data_offsets[0]));
    },
    query,
  ).write;
  return { name: `checkpoint: ${name}`, write, args: [...args, '--model', 'model'], names: query, outcome: 'refused' };
}

/** The model as two shards with an index, then changed. */
function sharded(name: string, change: (model: string, map: Loose) => Loose, names: string): BrokenCase {
  return modelCase(
    `index: ${name}`,
    (model) => {
      const { header } = readParts(path.join(model, weights));
      renameSync(path.join(model, weights), path.join(model, 'a.safetensors'));
      const map = Object.fromEntries(Object.keys(header).map((tensor) => [tensor, 'a.safetensors']));
      delete map.__metadata__;
      const written: Loose = change(model, map);
      writeFileSync(
        path.join(model, index),
        typeof written === 'string' ? written : JSON.stringify({ metadata: {}, weight_map: written }),
      );
    },
    names,
  );
}

const ask = ['ask', '--prompt', 'hello', '--max-tokens', '2'];

export const checkpointCases: readonly BrokenCase[] = [
  tensors('a tensor is missing', (all) => all.delete(query), query),
  tensors('the embedding is missing', (all) => all.delete(embedding), embedding),
  tensors(
    'a layer is missing',
    (all) => {
      for (const name of [...all.keys()]) if (name.includes('.layers.1.')) all.delete(name);
    },
    'model.layers.1.',
  ),
  tensors(
    'a layer too many',
    (all) => {
      for (const [name, tensor] of [...all])
        if (name.includes('.layers.1.')) all.set(name.replace('.1.', '.2.'), tensor);
    },
    'model.layers.2.',
  ),
  tensors('an unknown tensor', (all) => all.set('model.layers.0.secret.weight', all.get(query)), 'secret'),
  tensors('a matrix of another shape', (all) => all.set(query, { ...all.get(query), shape: [24, 96] }), query),
  tensors('a vector where a matrix belongs', (all) => all.set(query, { ...all.get(query), shape: [48 * 48] }), query),
  tensors(
    'a matrix of no elements',
    (all) => all.set(query, { ...all.get(query), shape: [0, 48], bytes: Buffer.alloc(0) }),
    query,
  ),
  tensors('with and without its prefix', (all) => all.set(query.slice('model.'.length), all.get(query)), query),
  tensors(
    'a stored head that differs from the embedding it is tied to',
    (all) => {
      const head = all.get(embedding);
      all.set('lm_head.weight', { ...head, bytes: Buffer.alloc(head.bytes.length) });
    },
    'lm_head.weight',
  ),
  tensors('no tensors', (all) => all.clear(), embedding),
  value('NaN in a weight, asked', Number.NaN, ask),
  value('NaN in a weight, scored', Number.NaN, ['score', '--data', sound.text]),
  value('infinity in a weight, asked', Number.POSITIVE_INFINITY, ask),
  value('minus infinity in a weight, scored', Number.NEGATIVE_INFINITY, ['score', '--data', sound.text]),
  {
    ...value('NaN in a weight, trained', Number.NaN, ['train', '--recipe', 'recipe.json', '--out', 'out']),
    write: (folder) => {
      value('', Number.NaN, []).write(folder);
      file('recipe.json', JSON.stringify({ data: sound.text, epochs: 1 }))(folder);
    },
  },

  sharded('a shard is not there', (_, map) => ({ ...map, [query]: 'b.safetensors' }), 'b.safetensors'),
  sharded(
    'a path out of the folder',
    (_, map) => ({ ...map, [query]: '../../../sound/llama/model.safetensors' }),
    index,
  ),
  sharded('an absolute path', (_, map) => ({ ...map, [query]: '/etc/passwd' }), index),
  sharded('a path with a NUL', (_, map) => ({ ...map, [query]: 'a\0.safetensors' }), index),
  sharded('a file name that is a number', (_, map) => ({ ...map, [query]: 7 }), index),
  sharded(
    'a tensor that is not in its shard',
    (_, map) => ({ ...map, 'model.ghost.weight': 'a.safetensors' }),
    'ghost',
  ),
  sharded(
    'a tensor in two shards',
    (model, map) => {
      cpSync(path.join(model, 'a.safetensors'), path.join(model, 'b.safetensors'));
      const { [query]: _, ...rest } = map;
      return { ...rest, [embedding]: 'b.safetensors' };
    },
    query,
  ),
  sharded('not JSON', () => '{"weight_map": {', index),
  sharded('no weight_map', () => '{"metadata": {}}', index),
  sharded('weight_map is a list', () => '{"weight_map": []}', index),
  sharded('weight_map is empty', () => '{"weight_map": {}}', 'model'),
  sharded('nested 5,000 deep', () => `{"weight_map": ${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`, index),
  sharded(
    'the shard is a link to itself',
    (model, map) => {
      rmSync(path.join(model, 'a.safetensors'));
      symlinkSync('a.safetensors', path.join(model, 'a.safetensors'));
      return map;
    },
    'a.safetensors',
  ),
  sharded(
    '20,000 shards',
    (_, map) => ({
      ...map,
      ...Object.fromEntries(Array.from({ length: 20_000 }, (__, i) => [`t${i}`, `s${i}.safetensors`])),
    }),
    index,
  ),

  modelCase(
    'folder: two weight files without an index',
    (model) => {
      renameSync(path.join(model, weights), path.join(model, 'a.safetensors'));
      cpSync(path.join(model, 'a.safetensors'), path.join(model, 'b.safetensors'));
    },
    index,
  ),
  modelCase(
    'folder: weights as a pickle only',
    (model) => {
      rmSync(path.join(model, weights));
      writeFileSync(path.join(model, 'pytorch_model.bin'), 'x');
    },
    'pytorch_model.bin',
  ),
  modelCase('folder: no weights', (model) => rmSync(path.join(model, weights)), weights),
  modelCase('folder: no config.json', (model) => rmSync(path.join(model, 'config.json')), 'config.json'),
  modelCase(
    'folder: config.json is a folder',
    (model) => {
      rmSync(path.join(model, 'config.json'));
      mkdirSync(path.join(model, 'config.json'));
    },
    'config.json',
  ),
  modelCase(
    'folder: config.json is a link to itself',
    (model) => {
      rmSync(path.join(model, 'config.json'));
      symlinkSync('config.json', path.join(model, 'config.json'));
    },
    'config.json',
  ),
  modelCase(
    'folder: empty',
    (model) => {
      rmSync(model, { recursive: true });
      mkdirSync(model);
    },
    'model',
  ),
  modelCase(
    'folder: a link to itself',
    (model) => {
      rmSync(model, { recursive: true });
      symlinkSync('model', model);
    },
    'model',
  ),
  {
    name: 'model: nothing there',
    write: nothing,
    args: [...ask, '--model', 'gone'],
    names: 'gone',
    outcome: 'refused',
  },
  {
    name: 'model: an adapter named as the model',
    write: nothing,
    args: [...ask, '--model', sound.adapter],
    names: 'adapter',
    outcome: 'refused',
  },
  {
    name: 'model: a text file',
    write: file('notes.txt', 'This is no model.'),
    args: [...ask, '--model', 'notes.txt'],
    names: 'notes.txt',
    outcome: 'refused',
  },
  {
    name: 'model: the weights alone',
    write: nothing,
    args: [...ask, '--model', `${sound.llama}/model.safetensors`],
    names: 'config.json',
    outcome: 'refused',
  },
  {
    name: 'model: a device',
    write: nothing,
    args: [...ask, '--model', '/dev/zero'],
    names: '/dev/zero',
    outcome: 'refused',
  },
  {
    name: 'model: a path too long for any system',
    write: nothing,
    args: [...ask, '--model', 'm'.repeat(5000)],
    names: 'mmm',
    outcome: 'refused',
  },
  {
    name: 'models: the second one is missing its weights',
    write: (folder) => {
      copyModel('llama', path.join(folder, 'model'));
      rmSync(path.join(folder, 'model', weights));
    },
    args: [...ask, '--model', sound.llama, '--model', 'model'],
    names: 'model',
    outcome: 'refused',
  },
];
