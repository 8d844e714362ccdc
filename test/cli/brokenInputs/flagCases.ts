import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BrokenCase, file, nothing, sound } from './brokenCase';

function flags(name: string, args: readonly string[], names: string): BrokenCase {
  return { name: `flags: ${name}`, write: nothing, args, names, outcome: 'refused' };
}

function prompt(name: string, write: (folder: string) => void, args: readonly string[], names: string): BrokenCase {
  return {
    name: `prompt: ${name}`,
    write,
    args: ['ask', '--model', sound.llama, '--max-tokens', '2', ...args],
    names,
    outcome: 'refused',
  };
}

function messages(name: string, content: string | Uint8Array, names = 'm.json'): BrokenCase {
  return prompt(name, file('m.json', content), ['--messages', 'm.json'], names);
}

function input(name: string, content: string | Uint8Array): BrokenCase {
  return prompt(name, file('p.jsonl', content), ['--input', 'p.jsonl'], 'p.jsonl');
}

const ask = ['ask', '--model', sound.llama, '--prompt', 'x'];
const score = ['score', '--model', sound.llama, '--data', sound.text];

export const flagCases: readonly BrokenCase[] = [
  flags('an unknown command', ['trane'], 'trane'),
  flags('an unknown flag', [...ask, '--temprature', '1'], '--temprature'),
  flags('a flag without its value', ['ask', '--model', sound.llama, '--prompt'], '--prompt'),
  flags('a value too many', [...ask, 'extra'], 'ask'),
  flags('temperature of a word', [...ask, '--temperature', 'warm'], 'temperature'),
  flags('negative temperature', [...ask, '--temperature=-1'], 'temperature'),
  flags('top-p 0', [...ask, '--temperature', '1', '--top-p', '0'], 'top-p'),
  flags('top-p 2', [...ask, '--temperature', '1', '--top-p', '2'], 'top-p'),
  flags('max-tokens 0', [...ask, '--max-tokens', '0'], 'max-tokens'),
  flags('max-tokens 1e9', [...ask, '--max-tokens', '1000000000'], 'max-tokens'),
  flags('a seed below 0', [...ask, '--seed=-1'], 'seed'),
  flags('no threads', [...ask, '--threads', '0'], 'threads'),
  flags('an unknown device', [...ask, '--device', 'abacus'], 'abacus'),
  flags(
    'a device that is not in this build',
    [...ask, '--device', process.platform === 'darwin' ? 'dml' : 'coreml'],
    process.platform === 'darwin' ? 'dml' : 'coreml',
  ),
  flags('batch size 0', [...score, '--batch-size', '0'], 'batch-size'),
  flags('a row of one token', [...score, '--max-length', '1'], 'max-length'),
  flags('nothing to inspect', ['inspect'], '--model'),
  flags('no data', ['score', '--model', sound.llama], '--data'),
  flags('no recipe', ['train', '--out', 'out'], '--recipe'),
  flags('out: an unknown format', [...score, '--out', 'scores.xlsx'], 'scores.xlsx'),
  flags('out: a format of another command', [...ask, '--out', 'answers.csv'], 'answers.csv'),
  flags('out: where nothing can be written', [...score, '--out', '/proc/whence/scores.csv'], '/proc'),
  {
    name: 'flags: out: a folder',
    write: (folder) => mkdirSync(path.join(folder, 'scores.csv')),
    args: [...score, '--out', 'scores.csv'],
    names: 'scores.csv',
    outcome: 'refused',
  },
  {
    name: 'flags: out: in a file',
    write: (folder) => writeFileSync(path.join(folder, 'file'), 'x'),
    args: [...score, '--out', 'file/scores.csv'],
    names: 'file',
    outcome: 'refused',
  },
  {
    name: 'flags: out: the data file itself',
    write: file('d.json', '[{"text": "The boat lies at the lake."}]'),
    args: ['score', '--model', sound.llama, '--data', 'd.json', '--out', 'd.json'],
    names: 'd.json',
    outcome: 'refused',
  },
  flags('no prompt', ['ask', '--model', sound.llama], '--prompt'),
  prompt('two kinds at once', file('m.json', '[]'), ['--prompt', 'x', '--messages', 'm.json'], '--messages'),
  prompt(
    'empty, raw, for a model without a first token',
    nothing,
    ['--model', sound.gpt2, '--raw', '--prompt', ''],
    'prompt',
  ),
  {
    name: 'prompt: longer than the model has positions',
    write: nothing,
    args: ['ask', '--model', sound.gpt2, '--prompt', 'many words '.repeat(400)],
    names: 'gpt2',
    outcome: 'refused',
  },
  prompt('messages: nothing there', nothing, ['--messages', 'gone.json'], 'gone.json'),
  prompt('messages: a folder', (folder) => mkdirSync(path.join(folder, 'm.json')), ['--messages', 'm.json'], 'm.json'),
  messages('messages: empty', ''),
  messages('messages: not JSON', '[{"role": '),
  messages('messages: a number', '7'),
  messages('messages: an empty list', '[]'),
  messages('messages: texts', '["hello"]'),
  messages('messages: no role', '[{"content": "x"}]'),
  messages('messages: no content', '[{"role": "user"}]'),
  messages('messages: content is a number', '[{"role": "user", "content": 7}]'),
  messages(
    'messages: roles that the template refuses',
    '[{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]',
    'alternate',
  ),
  messages('messages: nested 10,000 deep', `[{"role": "user", "content": ${'['.repeat(10_000)}${']'.repeat(10_000)}}]`),
  messages('messages: not UTF-8', Buffer.from('[{"role": "user", "content": "caf\xe9"}]', 'latin1')),
  messages('messages: 20 MB', JSON.stringify([{ role: 'user', content: 'x'.repeat(20 * 2 ** 20) }])),
  input('input: empty', ''),
  input('input: a malformed line', '{"prompt": "x"}\n{"prompt": \n'),
  input('input: neither prompt nor messages', '{"text": "x"}\n'),
  input('input: a prompt that is a number', '{"prompt": 7}\n'),
  prompt('input: a device', nothing, ['--input', '/dev/zero'], '/dev/zero'),
];
