/**
 * Whether peft loads what `whence prune apply` writes, with equal logits: proposes and applies a mask on the sample, scores
 * rows with the result, and has `check_written_folders.py` score them with peft. Needs `npm run build` and the
 * Python of the yardsticks (npm run bench:peers).
 *
 * usage: node bench/peers/pruned.mjs
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { peerPython } from './runPeer.mjs';

const sample = path.resolve('samples/assistant');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-peers-pruned-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

const whence = (...args) =>
  execFileSync(process.execPath, [path.resolve('dist/cli.mjs'), ...args], {
    cwd: scratch,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
const head = (from, to, count) =>
  writeFileSync(
    path.join(scratch, to),
    `${readFileSync(path.join(sample, from), 'utf8').trim().split('\n').slice(0, count).join('\n')}\n`,
  );

cpSync(path.join(sample, 'models'), path.join(scratch, 'models'), { recursive: true });
head('eval/realign.jsonl', 'realign.jsonl', 40);
head('eval/unseen-harmful.jsonl', 'harmful.jsonl', 6);
head('eval/benign.jsonl', 'benign.jsonl', 4);
head('eval/in-domain.jsonl', 'tests.jsonl', 6);
writeFileSync(
  path.join(scratch, 'texts.jsonl'),
  readFileSync(path.join(sample, 'eval/in-domain.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .slice(0, 8)
    .map((line) => `${JSON.stringify({ text: JSON.parse(line).messages[0].content })}\n`)
    .join(''),
);

/** One case for each form of result: an adapter on the base, and a whole model. */
const cases = [
  {
    target: 'adapter',
    model: ['--model', 'models/base', '--adapter', 'out-adapter'],
    base: 'models/base',
    adapter: 'out-adapter',
  },
  { target: 'delta', model: ['--model', 'out-delta'], base: 'out-delta', adapter: null },
];
const files = cases.map(({ target, model, base, adapter }) => {
  whence(
    ...[
      'prune',
      'propose',
      '--quiet',
      '--model',
      'models/base',
      '--adapter',
      'models/tuned',
      '--realign',
      'realign.jsonl',
    ],
    ...['--harmful', 'harmful.jsonl', '--benign', 'benign.jsonl', '--tests', 'tests.jsonl', '--target', target],
    ...['--alpha', '0.3', '--controls', '0', '--scales', '0', '--resamples', '100', '--out', `${target}.json`],
  );
  whence('prune', 'apply', '--quiet', '--proposal', `${target}.json`, '--alpha', '0.3', '--out', `out-${target}`);
  const { rows } = JSON.parse(whence('score', '--json', '--tokens', ...model, '--data', 'texts.jsonl'));
  const file = path.join(scratch, `${target}-case.json`);
  writeFileSync(
    file,
    JSON.stringify({
      base: path.join(scratch, base),
      adapter: adapter === null ? null : path.join(scratch, adapter),
      upcast: adapter !== null,
      rows: rows.map(({ tokens }) => tokens.map(({ id }) => id)),
      logProbabilities: rows.map(({ tokens }) => tokens.slice(1).map(({ loss }) => -loss)),
    }),
  );
  return file;
});
process.stdout.write(
  execFileSync(peerPython(), [path.resolve('bench/peers/check_written_folders.py'), ...files], { encoding: 'utf8' }),
);
