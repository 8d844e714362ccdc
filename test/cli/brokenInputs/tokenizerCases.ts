import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BrokenCase, editJson, type Loose, modelCase } from './brokenCase';

const tokenizer = 'tokenizer.json';
const settings = 'tokenizer_config.json';

function text(name: string, make: (sound: string) => string | Buffer): BrokenCase {
  return modelCase(
    `tokenizer: ${name}`,
    (model) => {
      const file = path.join(model, tokenizer);
      writeFileSync(file, make(readFileSync(file, 'utf8')));
    },
    tokenizer,
  );
}

function edit(name: string, change: (value: Loose) => void): BrokenCase {
  return modelCase(`tokenizer: ${name}`, (model) => editJson(path.join(model, tokenizer), change), tokenizer);
}

function template(name: string, source: unknown): BrokenCase {
  return modelCase(
    `template: ${name}`,
    (model) =>
      editJson(path.join(model, settings), (value) => {
        value.chat_template = source;
      }),
    'template',
  );
}

/** A pre-tokenizer that splits by a regular expression. */
function pattern(name: string, regex: unknown): BrokenCase {
  return edit(`pre-tokenizer: ${name}`, (value) => {
    value.pre_tokenizer = { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
  });
}

/** A part that holds itself, `depth` times. */
function nested(type: string, list: string, depth: number): Loose {
  let part: Loose = { type, [list]: [] };
  for (let i = 0; i < depth; i += 1) part = { type, [list]: [part] };
  return part;
}

const loop = (inner: string): string => `{% for i in range(100000) %}${inner}{% endfor %}`;

export const tokenizerCases: readonly BrokenCase[] = [
  modelCase('tokenizer: not there', (model) => rmSync(path.join(model, tokenizer)), tokenizer),
  modelCase(
    'tokenizer: a folder of that name',
    (model) => {
      rmSync(path.join(model, tokenizer));
      mkdirSync(path.join(model, tokenizer));
    },
    tokenizer,
  ),
  text('empty', () => ''),
  text('cut off', (sound) => sound.slice(0, 2000)),
  text('a list', () => '[]'),
  text('an empty object', () => '{}'),
  text('nested 100,000 deep', () => `{"model":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  text('not UTF-8', (sound) => Buffer.from(sound.replace('BPE', 'BP\u00c9'), 'latin1')),
  text('a Git LFS pointer', () => 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n'),
  edit('no model', (value) => {
    delete value.model;
  }),
  edit('an unknown model', (value) => {
    value.model.type = 'Telepathy';
  }),
  edit('no vocabulary', (value) => {
    delete value.model.vocab;
  }),
  edit('vocabulary is a list', (value) => {
    value.model.vocab = ['a', 'b'];
  }),
  edit('an id of 1e15', (value) => {
    value.model.vocab['<0x00>'] = 1e15;
  }),
  edit('a negative id', (value) => {
    value.model.vocab['<0x00>'] = -3;
  }),
  edit('a fractional id', (value) => {
    value.model.vocab['<0x00>'] = 3.5;
  }),
  {
    ...edit('larger than the embedding', (value) => {
      for (let i = 0; i < 50; i += 1) value.model.vocab[`new${i}`] = 409 + i;
    }),
    names: 'tokenizer of',
  },
  edit('an added token far beyond the embedding', (value) => {
    value.added_tokens.push({ ...value.added_tokens[2], id: 2 ** 31 - 1, content: '<far>' });
  }),
  edit('added tokens are no list', (value) => {
    value.added_tokens = { a: 1 };
  }),
  edit('no merges', (value) => {
    delete value.model.merges;
  }),
  edit('merges are a text', (value) => {
    value.model.merges = 'a b';
  }),
  edit('a merge of three', (value) => {
    value.model.merges[0] = ['a', 'b', 'c'];
  }),
  edit('a merge of unknown tokens', (value) => {
    value.model.merges[0] = ['nobody', 'knows'];
  }),
  edit('the unknown token is unknown', (value) => {
    value.model.unk_token = '<never>';
  }),
  edit('an unknown normalizer', (value) => {
    value.normalizer = { type: 'Wish' };
  }),
  edit('normalizers nested 2,000 deep', (value) => {
    value.normalizer = nested('Sequence', 'normalizers', 2000);
  }),
  edit('an unknown pre-tokenizer', (value) => {
    value.pre_tokenizer = { type: 'Wish' };
  }),
  edit('pre-tokenizers nested 2,000 deep', (value) => {
    value.pre_tokenizer = nested('Sequence', 'pretokenizers', 2000);
  }),
  edit('an unknown decoder', (value) => {
    value.decoder = { type: 'Wish' };
  }),
  edit('an unknown post-processor', (value) => {
    value.post_processor = { type: 'Wish' };
  }),
  edit('a post-processor of unknown tokens', (value) => {
    value.post_processor.special_tokens['<s>'].ids = [100_000];
  }),
  pattern('an open bracket', '(['),
  pattern('a number', 7),
  pattern('a lookbehind without end', '(?<=a'),
  {
    ...pattern('exponential time', '([a-z]+)+0'),
    args: ['ask', '--raw', '--prompt', 'h'.repeat(60), '--max-tokens', '2', '--model', 'model'],
    names: '([a-z]+)+0',
  },
  pattern('100,000 characters', '(a|'.repeat(33_000)),
  modelCase(
    'tokenizer settings: not JSON',
    (model) => writeFileSync(path.join(model, settings), '{"bos_token": '),
    settings,
  ),
  modelCase('tokenizer settings: a list', (model) => writeFileSync(path.join(model, settings), '[]'), settings),
  template('a number', 7),
  template('not closed', '{% for m in messages %}{{ m.content }}'),
  template('an unknown statement', '{% launch "missiles" %}'),
  template('an unknown filter', '{{ messages | detonate }}'),
  template('a wrong expression', '{{ messages[ }}'),
  template('a loop of 10^10 rounds', loop(loop('{% set x = 1 %}'))),
  template('a loop of 10^15 rounds in one range', '{% for i in range(1000000000000000) %}{% endfor %}'),
  template(
    'a text that doubles a hundred times',
    `{% set ns = namespace(x='ab') %}${loop('{% set ns.x = ns.x ~ ns.x %}')}`,
  ),
  template('output without end', loop(loop('{{ messages[0].content }}'))),
  template('a macro that calls itself', '{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}'),
  template('the way to the interpreter', "{{ messages.constructor.constructor('return process')().exit(7) }}"),
  template('a file is included', "{% include '/etc/passwd' %}"),
  template('it refuses the conversation', "{{ raise_exception('Only system prompts, please') }}"),
  template('nested 20,000 deep', `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`),
  template('five megabytes', `{# ${'x'.repeat(5 * 2 ** 20)} #}{{ messages`),
  { ...template('nothing comes out', ''), names: 'prompt' },
];
