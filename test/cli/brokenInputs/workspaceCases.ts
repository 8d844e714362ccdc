import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { type BrokenCase, file, type Loose, nothing, sound } from './brokenCase';

const workspace = 'whence.json';
const score = ['score'];

function text(
  name: string,
  content: string | Uint8Array,
  names = workspace,
  args: readonly string[] = score,
): BrokenCase {
  return { name: `whence.json: ${name}`, write: file(workspace, content), args, names, outcome: 'refused' };
}

function value(name: string, changes: Loose, names: string): BrokenCase {
  const content = {
    models: { base: { path: sound.llama } },
    data: { train: { path: sound.text } },
    defaults: { model: 'base', data: ['train'] },
    ...changes,
  };
  return text(name, JSON.stringify(content), names);
}

export const workspaceCases: readonly BrokenCase[] = [
  text('empty', ''),
  text('cut off', '{ "models": { "base": '),
  text('a list', '[]'),
  text('binary', Buffer.alloc(100, 0xfe)),
  text('nested 10,000 deep', `{"models":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`),
  text('20 MB', `{"models":{"${'x'.repeat(20 * 2 ** 20)}":{}}}`),
  value('models is a list', { models: [{ path: sound.llama }] }, 'models'),
  value('a model is a number', { models: { base: 7 } }, 'models.base'),
  value('a model path is a number', { models: { base: { path: 7 } } }, 'models.base.path'),
  value('a model without a path', { models: { base: {} } }, 'models.base'),
  value('a model path that is not there', { models: { base: { path: 'gone' } } }, 'gone'),
  value('a model path with a NUL', { models: { base: { path: 'a\0b' } } }, 'models.base.path'),
  value('a data path that is not there', { data: { train: { path: 'gone.jsonl' } } }, 'gone.jsonl'),
  value('a data path that is a folder', { data: { train: { path: sound.llama } } }, 'llama'),
  value('an unknown schema', { data: { train: { path: sound.text, schema: 'haiku' } } }, 'data.train.schema'),
  value('a default model that is not there', { defaults: { model: 'tuned', data: ['train'] } }, 'tuned'),
  value('default data that is not there', { defaults: { model: 'base', data: ['other'] } }, 'other'),
  value('an unknown device', { device: 'abacus' }, 'device'),
  value('a base that is not there', { models: { base: { path: sound.llama, base: 'older' } } }, 'older'),
  {
    name: 'whence.json: a name it does not know',
    write: file(workspace, JSON.stringify({ models: { base: { path: sound.llama } } })),
    args: ['ask', '--model', 'bass', '--prompt', 'x'],
    names: 'bass',
    outcome: 'refused',
  },
  {
    name: 'whence.json: names no default model',
    write: file(workspace, '{}'),
    args: ['ask', '--prompt', 'x'],
    names: '--model',
    outcome: 'refused',
  },
  {
    name: 'whence.json: there already, at init',
    write: file(workspace, '{ "device": "cpu" }'),
    args: ['init'],
    names: workspace,
    outcome: 'refused',
  },
  {
    name: 'init: a folder that is not there',
    write: nothing,
    args: ['init', '--workspace', 'gone'],
    names: 'gone',
    outcome: 'refused',
  },
  {
    name: 'init: a folder that is a file',
    write: file('notes.txt', 'x'),
    args: ['init', '--workspace', 'notes.txt'],
    names: 'notes.txt',
    outcome: 'refused',
  },
  {
    name: 'init: whence.json is a folder',
    write: (folder) => mkdirSync(path.join(folder, workspace)),
    args: ['init', '--yes'],
    names: workspace,
    outcome: 'refused',
  },
  {
    name: 'init: the folder is a link to itself',
    write: (folder) => symlinkSync('around', path.join(folder, 'around')),
    args: ['init', '--workspace', 'around'],
    names: 'around',
    outcome: 'refused',
  },
  {
    name: '--workspace: no whence.json there',
    write: nothing,
    args: ['score', '--workspace', sound.llama],
    names: 'llama',
    outcome: 'refused',
  },
];
