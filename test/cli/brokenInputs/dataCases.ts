import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BrokenCase, file, sound } from './brokenCase';

const score = (name: string): string[] => ['score', '--model', sound.llama, '--data', name];
const good = '{"text": "The boat lies at the lake."}\n';

function refused(title: string, name: string, content: string | Uint8Array): BrokenCase {
  return { name: `data: ${title}`, write: file(name, content), args: score(name), names: name, outcome: 'refused' };
}

function problems(title: string, name: string, content: string | Uint8Array): BrokenCase {
  return { ...refused(title, name, content), outcome: 'rowProblems' };
}

function made(title: string, name: string, make: (place: string) => void): BrokenCase {
  return {
    name: `data: ${title}`,
    write: (folder) => make(path.join(folder, name)),
    args: score(name),
    names: name,
    outcome: 'refused',
  };
}

const fixture = (name: string): Buffer => readFileSync(path.join('test/fixtures/data', name));
const cut = (name: string): Buffer => fixture(name).subarray(0, fixture(name).length >> 1);

export const dataCases: readonly BrokenCase[] = [
  refused('empty', 'd.jsonl', ''),
  refused('blank lines', 'd.jsonl', '\n\n   \n'),
  refused('every line malformed', 'd.jsonl', '{"text": \n{"text" 3}\nhello\n'),
  refused('a bare list of numbers', 'd.json', '[1, 2, 3]'),
  refused('an object, not a list', 'd.json', '{"text": "x"'),
  refused('rows of no known schema', 'd.jsonl', '{"colour": "red"}\n{"colour": "blue"}\n'),
  refused('NUL bytes', 'd.jsonl', Buffer.alloc(5000)),
  refused('an unknown ending', 'd.xyz', Buffer.from([1, 2, 3, 0, 255, 254])),
  refused('a picture named as data', 'd.jsonl', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1')),
  refused('a Parquet file that is cut off', 'd.parquet', cut('alpaca.parquet')),
  refused('a Parquet file of its magic alone', 'd.parquet', 'PAR1PAR1'),
  refused(
    'a Parquet footer longer than the file',
    'd.parquet',
    Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(20), Buffer.from([255, 255, 255, 127]), Buffer.from('PAR1')]),
  ),
  refused('an Arrow file that is cut off', 'd.arrow', cut('alpaca-file.arrow').subarray(0, 200)),
  refused('an Arrow stream of noise', 'd.arrow', Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 97) % 256))),
  refused('gzip of nothing known', 'd.jsonl.gz', gzipSync(Buffer.alloc(100))),
  refused('gzip that is cut at once', 'd.jsonl.gz', gzipSync(good.repeat(100)).subarray(0, 12)),
  refused('noise named .gz', 'd.jsonl.gz', Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 31) % 256))),
  refused('a CSV of its header alone', 'd.csv', 'instruction,input,output\n'),
  made('nothing there', 'gone.jsonl', () => undefined),
  made('a folder', 'd.jsonl', (place) => mkdirSync(place)),
  made('a pipe', 'd.jsonl', (place) => execFileSync('mkfifo', [place])),
  made('a link to a device', 'd.jsonl', (place) => symlinkSync('/dev/zero', place)),
  made('a link to itself', 'd.jsonl', (place) => symlinkSync('d.jsonl', place)),
  made('a gigabyte of zeros', 'd.jsonl', (place) => {
    writeFileSync(place, '');
    truncateSync(place, 2 ** 30);
  }),
  made('a gzip bomb', 'd.jsonl.gz', (place) => {
    // 400 MB of one line in half a megabyte: gzip members follow each other.
    const member = gzipSync(Buffer.alloc(4 << 20, 0x61));
    writeFileSync(place, Buffer.concat(Array.from({ length: 100 }, () => member)));
  }),

  problems('a CSV whose quote never ends', 'd.csv', 'instruction,output\n"open,1\nmore,2\n'),
  problems('one malformed line', 'd.jsonl', `${good}{"text": \n${good}`),
  problems('a line that is a list', 'd.jsonl', `${good}[1]\n${good}`),
  problems('a line nested 100,000 deep', 'd.jsonl', `${good}{"text": ${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`),
  problems(
    'a line that is not UTF-8',
    'd.jsonl',
    Buffer.concat([Buffer.from(good), Buffer.from('{"text": "caf\xe9"}\n', 'latin1')]),
  ),
  problems('a line with a NUL', 'd.jsonl', `${good}{"text": "a\0b"}\n`),
  problems('half a surrogate pair', 'd.jsonl', `${good}{"text": "\\ud800"}\n`),
  problems('a line of 40 MB', 'd.jsonl', `${good}{"text": "${'x'.repeat(40 * 2 ** 20)}"}\n${good}`),
  problems('a number beyond doubles', 'd.jsonl', `${good}{"text": "x", "n": 1e999}\n`),
  problems('a key twice', 'd.jsonl', `${good}{"text": "x", "text": "y"}\n`),
  problems('a prototype for a key', 'd.jsonl', `${good}{"__proto__": {"text": "x"}}\n`),
  problems('a text that is a number', 'd.jsonl', `${good}{"text": 7}\n`),
  problems('messages that are no list', 'd.jsonl', `${fixture('openai.jsonl')}\n{"messages": "hello"}\n`),
  problems('a turn without a role', 'd.jsonl', `${fixture('openai.jsonl')}\n{"messages": [{"content": "x"}]}\n`),
  problems(
    'roles that the template refuses',
    'd.jsonl',
    `${fixture('openai.jsonl')}\n{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}, {"role": "assistant", "content": "z"}]}\n`,
  ),
  problems(
    'a conversation without an answer',
    'd.jsonl',
    `${fixture('openai.jsonl')}\n{"messages": [{"role": "user", "content": "x"}]}\n`,
  ),
  problems(
    'token ids beyond the vocabulary',
    'd.jsonl',
    '{"input_ids": [1, 5, 9], "labels": [-100, 5, 9]}\n{"input_ids": [1, 99999], "labels": [-100, 99999]}\n',
  ),
  problems(
    'labels of another length',
    'd.jsonl',
    '{"input_ids": [1, 5, 9], "labels": [-100, 5, 9]}\n{"input_ids": [1, 5], "labels": [5]}\n',
  ),
  problems(
    'negative token ids',
    'd.jsonl',
    '{"input_ids": [1, 5, 9], "labels": [-100, 5, 9]}\n{"input_ids": [-1, 5], "labels": [-100, 5]}\n',
  ),
  problems(
    'a gzip file that is cut off',
    'd.jsonl.gz',
    gzipSync(Array.from({ length: 3000 }, (_, i) => `{"text": "${i * 7919}"}\n`).join('')).subarray(0, 6000),
  ),
  problems('a CSV line of another width', 'd.csv', 'text,source\nThe boat,a\nThe,lake,is,deep\nA day,b\n'),
  problems('a JSON list that is cut off', 'd.json', '[{"text": "The boat"}, {"text": "The la'),
];
