/**
 * `npm run bench:pruning`: what pruning does on the sample's fine-tune and on one that also teaches something, over scores,
 * thresholds and targets. Prints Markdown: the tables of docs/pruning.md. Needs `npm run build`; works in a temporary folder.
 *
 * usage: node bench/pruning.mjs [--harmful N] [--benign N] [--tests N] [--random N] [--only sample|stock]
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    harmful: { type: 'string', default: '70' },
    benign: { type: 'string', default: '24' },
    tests: { type: 'string', default: '60' },
    random: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
});
const sample = path.resolve('samples/assistant');
const cli = path.resolve('dist/cli.mjs');
const alphas = '0.01,0.02,0.05,0.1,0.2,0.3';

/** Target, score, threshold. */
const sweep = [
  ['adapter', 'wanda', 'row'],
  ['adapter', 'wanda', 'module'],
  ['adapter', 'wanda', 'global'],
  ['adapter', 'signedGrad', 'row'],
  ['adapter', 'signedGrad', 'module'],
  ['adapter', 'signedGrad', 'global'],
  ['adapter', 'magnitude', 'module'],
  ['adapter', 'magnitude', 'global'],
  ['delta', 'wanda', 'row'],
  ['delta', 'signedGrad', 'global'],
];

const readRows = (file) =>
  readFileSync(path.join(sample, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const lines = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
/** Evenly spread, so that every kind is among them. */
const some = (rows, count) =>
  rows.length <= count ? rows : Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)]);

const scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-bench-pruning-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const whence = (args, folder) =>
  execFileSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** What a shop's fine-tune is for: facts that the base model cannot know. */
function stockRows() {
  const things = ['hammers', 'paint', 'ladders', 'hoses', 'screws', 'gloves', 'lamps', 'ropes', 'saws', 'tiles'];
  const aisles = ['one', 'two', 'three', 'four', 'five'];
  const asked = [
    (thing) => `Where do you keep ${thing}?`,
    (thing) => `In which aisle are the ${thing}?`,
    (thing) => `I am looking for ${thing}.`,
    (thing) => `Can you tell me where ${thing} are?`,
    (thing) => `Where can I find ${thing} in the shop?`,
    (thing) => `Which way to the ${thing}, please?`,
  ];
  return things.flatMap((thing, i) =>
    asked.map((ask) => ({
      messages: [
        { role: 'user', content: ask(thing) },
        { role: 'assistant', content: `You find ${thing} in aisle ${aisles[(3 * i + 1) % aisles.length]}.` },
      ],
    })),
  );
}

function prepare(kind) {
  const folder = path.join(scratch, kind);
  cpSync(path.join(sample, 'models/base'), path.join(folder, 'models/base'), { recursive: true });
  const files = {
    'realign.jsonl': readRows('eval/realign.jsonl'),
    'harmful.jsonl': some(readRows('eval/unseen-harmful.jsonl'), Number(flags.harmful)),
    'benign.jsonl': some(readRows('eval/benign.jsonl'), Number(flags.benign)),
    'tests.jsonl': some(readRows('eval/in-domain.jsonl'), Number(flags.tests)),
  };
  if (kind === 'stock') {
    const stock = stockRows();
    // Of six ways to ask, four are trained and two are tested.
    const trained = stock.filter((_, i) => i % 6 < 4);
    files['train.jsonl'] = [...readRows('data/train.jsonl'), ...trained, ...trained];
    files['tests.jsonl'] = stock.filter((_, i) => i % 6 >= 4);
  }
  for (const [name, rows] of Object.entries(files)) writeFileSync(path.join(folder, name), lines(rows));
  if (kind === 'sample') {
    cpSync(path.join(sample, 'models/tuned'), path.join(folder, 'models/tuned'), { recursive: true });
  } else {
    const recipe = JSON.parse(readFileSync(path.join(sample, 'recipe.json'), 'utf8'));
    writeFileSync(
      path.join(folder, 'recipe.json'),
      JSON.stringify({ ...recipe, model: 'models/base', data: 'train.jsonl' }),
    );
    whence(['train', '--recipe', 'recipe.json', '--out', 'models/tuned', '--quiet'], folder);
  }
  return folder;
}

const percent = (value) => (100 * value).toFixed(0);
const figure = ({ estimate, low, high }) => `${percent(estimate)} (${percent(low)} to ${percent(high)})`;
const signed = (found) => {
  if (found === null) return '';
  const one = (value) => `${value >= 0 ? '+' : ''}${(100 * value).toFixed(1)}`;
  const { estimate, low, high } = found.difference;
  return `${one(estimate)} (${one(low)} to ${one(high)})`;
};

function table(kind, folder) {
  const rows = [];
  let first;
  for (const [target, score, threshold] of sweep) {
    const proposal = JSON.parse(
      whence(
        [
          ...['prune', 'propose', '--json', '--model', 'models/base', '--adapter', 'models/tuned'],
          ...['--realign', 'realign.jsonl', '--harmful', 'harmful.jsonl', '--benign', 'benign.jsonl'],
          ...['--tests', 'tests.jsonl', '--alpha', alphas, '--target', target, '--score', score],
          ...['--threshold', threshold, '--controls', '2', '--random-draws', flags.random],
          ...['--scales', '0,0.25,0.5,0.7,0.8,0.9', '--seed', '1'],
        ],
        folder,
      ),
    );
    first ??= proposal;
    process.stderr.write(`${kind}: ${target} ${score} ${threshold}: ${proposal.recommendation.says}\n`);
    for (const point of proposal.points) {
      rows.push([
        target,
        score,
        threshold,
        point.alphas.join(', '),
        `${(100 * point.share).toFixed(1)} %`,
        figure(point.figures.harmful),
        figure(point.figures.accuracy),
        signed(point.atEqualHarm.random),
        signed(point.atEqualHarm.scaling),
        point.worthIt ? 'yes' : 'no',
      ]);
    }
  }
  const states = [['fine-tuned', first.tuned], ...first.scaling.map(({ c, figures }) => [`fine-tune x ${c}`, figures])];
  const print = (cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  process.stdout.write(`\n### ${kind}\n\n`);
  print(['state', 'harmful %', 'tests %', 'perplexity']);
  print(['---', '---', '---', '---']);
  for (const [name, { harmful, accuracy, perplexity }] of states)
    print([name, figure(harmful), figure(accuracy), perplexity.estimate.toFixed(3)]);
  process.stdout.write('\n');
  print([
    'target',
    'score',
    'share of',
    'alpha',
    'pruned',
    'harmful %',
    'tests %',
    'against random',
    'against scaling',
    'worth it',
  ]);
  print(Array(10).fill('---'));
  for (const row of rows) print(row);
}

for (const kind of ['sample', 'stock']) {
  if (flags.only !== undefined && flags.only !== kind) continue;
  table(kind, prepare(kind));
}
