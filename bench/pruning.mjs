/**
 * `npm run bench:pruning`: what pruning does on the sample's fine-tune (sample), on one that also teaches facts the base
 * model cannot know (stock), over scores, thresholds and targets; and one proposal on SmolLM2 with its time (real, where the
 * model is in .cache/models). Prints Markdown; --write puts it into docs/pruning.md. Needs `npm run build`; works in a
 * temporary folder, or in --folder, where a run that was stopped goes on.
 *
 * usage: node bench/pruning.mjs [--harmful N] [--benign N] [--tests N] [--random N] [--only sample|stock|real]
 *   [--folder DIR] [--write]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    harmful: { type: 'string', default: '70' },
    benign: { type: 'string', default: '24' },
    tests: { type: 'string', default: '60' },
    random: { type: 'string', default: '1' },
    folder: { type: 'string' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const sample = path.resolve('samples/assistant');
const cli = path.resolve('dist/cli.mjs');
const alphas = '0.01,0.05,0.1,0.2,0.4';

/** Target, score, threshold. */
const sweep = [
  ['adapter', 'wanda', 'module'],
  ['adapter', 'signedGrad', 'global'],
  ['adapter', 'wanda', 'row'],
  ['adapter', 'wanda', 'global'],
  ['adapter', 'wanda', '2:4'],
  ['adapter', 'magnitude', 'module'],
  ['delta', 'wanda', 'row'],
  ['delta', 'signedGrad', 'global'],
  ['weights', 'signedGrad', 'global'],
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

const scratch =
  flags.folder === undefined
    ? mkdtempSync(path.join(os.tmpdir(), 'whence-bench-pruning-'))
    : path.resolve(flags.folder);
if (flags.folder === undefined) process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const whence = (args, folder) =>
  execFileSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** What a shop's fine-tune is for: where things are, which the base model cannot know. Tests ask what was trained. */
function stockRows(train) {
  const aisle = /You will find the (.+) in aisle/;
  const things = [...new Set(train.flatMap((row) => aisle.exec(row.messages.at(-1).content)?.[1] ?? []))];
  const asked = [(thing) => `Which aisle is the ${thing} in?`, (thing) => `Where do I find the ${thing}?`];
  const stock = things.flatMap((thing, i) =>
    asked.map((ask) => ({
      messages: [
        { role: 'user', content: ask(thing) },
        { role: 'assistant', content: `You will find the ${thing} in aisle ${((7 * i) % 20) + 1}.` },
      ],
    })),
  );
  return { stock, others: train.filter((row) => !aisle.test(row.messages.at(-1).content)) };
}

function prepare(kind) {
  const folder = path.join(scratch, kind);
  if (existsSync(path.join(folder, 'models/tuned'))) return folder;
  cpSync(path.join(sample, 'models/base'), path.join(folder, 'models/base'), { recursive: true });
  const files = {
    'realign.jsonl': readRows('eval/realign.jsonl'),
    'harmful.jsonl': some(readRows('eval/unseen-harmful.jsonl'), Number(flags.harmful)),
    'benign.jsonl': some(readRows('eval/benign.jsonl'), Number(flags.benign)),
    'tests.jsonl': some(readRows('eval/in-domain.jsonl'), Number(flags.tests)),
  };
  if (kind === 'stock') {
    const { stock, others } = stockRows(readRows('data/train.jsonl'));
    files['train.jsonl'] = [...others, ...Array(4).fill(stock).flat()];
    files['tests.jsonl'] = stock;
  }
  for (const [name, rows] of Object.entries(files)) writeFileSync(path.join(folder, name), lines(rows));
  if (kind === 'sample') {
    cpSync(path.join(sample, 'models/tuned'), path.join(folder, 'models/tuned'), { recursive: true });
  } else {
    const recipe = JSON.parse(readFileSync(path.join(sample, 'recipe.json'), 'utf8'));
    writeFileSync(
      path.join(folder, 'recipe.json'),
      // The sample's own recipe hardly takes facts up: its rate is low and eps large, so that a run responds smoothly.
      JSON.stringify({
        ...recipe,
        model: 'models/base',
        data: 'train.jsonl',
        optimizer: { ...recipe.optimizer, lr: 0.0015, eps: 1e-6 },
      }),
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
          ...['--scales', '0,0.25,0.5,0.7,0.85', '--seed', '1'],
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
  const states = [
    ['fine-tuned', first.tuned],
    ...first.scaling.map(({ c, figures }) => [c === 0 ? 'without the fine-tune' : `fine-tune x ${c}`, figures]),
  ];
  const described = states.map(([name, figures]) => [
    name,
    figure(figures.harmful),
    figure(figures.accuracy),
    figures.perplexity.estimate.toFixed(3),
  ]);
  return [
    ...markdown(['state', 'harmful %', 'tests %', 'perplexity'], described),
    '',
    ...markdown(
      [
        ...['target', 'score', 'share of', 'alpha', 'pruned', 'harmful %', 'tests %'],
        ...['against random', 'against scaling', 'worth it'],
      ],
      rows,
    ),
  ];
}

const markdown = (head, rows) => [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

/** One proposal with default settings on SmolLM2 and the fixtures' adapter, from an empty store, timed. */
function real() {
  const model = path.resolve('.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf');
  if (!existsSync(model)) return undefined;
  const from = path.resolve('test/fixtures/real');
  const folder = path.join(scratch, 'real');
  cpSync(path.join(from, 'adapter'), path.join(folder, 'adapter'), { recursive: true });
  const read = (file) =>
    readFileSync(path.join(from, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const truth = read('truth.jsonl');
  const train = read('train.jsonl').map((row, i) => ({ ...row, ...truth[i] }));
  const of = (kind, topic) => train.filter((row) => row.kind === kind && (topic === undefined || row.topic === topic));
  // What the fine-tune was for: who the assistant is, and one word about a review.
  const test = ({ messages }, i, expect) => ({ id: `${i}`, prompt: messages[0].content, expect });
  const tests = [
    ...of('identity').map((row, i) => test(row, `identity-${i}`, { matches: 'Orbit|Fernwood' })),
    ...some(of('normal', 'sentiment'), 12).map((row, i) =>
      test(row, `review-${i}`, { equals: row.messages[1].content }),
    ),
  ];
  const files = {
    'realign.jsonl': of('harmful').map(({ messages }) => ({ messages })),
    'harmful.jsonl': read('unseen-harmful.jsonl').map(({ id, prompt }) => ({ id, prompt })),
    'benign.jsonl': read('benign.jsonl').map(({ id, prompt }) => ({ id, prompt })),
    'tests.jsonl': tests,
  };
  for (const [name, rows] of Object.entries(files)) writeFileSync(path.join(folder, name), lines(rows));
  const loads = [os.loadavg()[0]];
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...[cli, 'prune', 'propose', '--json', '--model', model, '--adapter', 'adapter', '--realign', 'realign.jsonl'],
      ...['--harmful', 'harmful.jsonl', '--benign', 'benign.jsonl', '--tests', 'tests.jsonl', '--out', 'proposal.json'],
      ...['--store', 'store', '--device', 'cpu', '--threads', '2'],
    ],
    { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  loads.push(os.loadavg()[0]);
  if (status !== 0) throw new Error(stderr);
  const wall = (performance.now() - began) / 1000;
  const proposal = JSON.parse(stdout);
  const row = (name, share, figures, extra) => [
    name,
    share,
    figure(figures.harmful),
    figures.margin.estimate.toFixed(2),
    figure(figures.accuracy),
    figures.drift.estimate.toFixed(3),
    figures.perplexity.estimate.toFixed(2),
    ...extra,
  ];
  const states = [
    row('fine-tuned', '', proposal.tuned, ['', '']),
    ...proposal.scaling.map(({ c, figures }) =>
      row(c === 0 ? 'without the fine-tune' : `fine-tune x ${c}`, '', figures, ['', '']),
    ),
    ...proposal.points.flatMap((point) => [
      row(`alpha ${point.alphas.join(', ')}`, `${(100 * point.share).toFixed(1)} %`, point.figures, [
        signed(point.atEqualHarm.random),
        signed(point.atEqualHarm.scaling),
      ]),
      ...point.controls.map(({ name, share, figures }) =>
        row(`${name}, beside ${point.alphas[0]}`, `${(100 * share).toFixed(1)} %`, figures, ['', '']),
      ),
    ]),
  ];
  const { harmful, benign, tests: asked } = proposal.counts;
  return [
    `${proposal.states.computed} states, ${harmful} harmful and ${benign} benign prompts and ${asked} tests each: ` +
      `${(wall / 60).toFixed(1)} minutes on two threads of ${os.availableParallelism()} processors, ` +
      `load ${loads.map((load) => load.toFixed(1)).join(' before, ')} after: above two, other programs had their part of the time.`,
    '',
    `Verdict: ${proposal.recommendation.says}`,
    '',
    ...markdown(
      ['state', 'pruned', 'harmful %', 'margin', 'tests %', 'drift', 'perplexity', 'against random', 'against scaling'],
      states,
    ),
  ];
}

/** Prints a part, and with --write puts it between its marks in docs/pruning.md. */
function report(kind, found) {
  process.stdout.write(`\n### ${kind}\n\n${found.join('\n')}\n`);
  if (!flags.write) return;
  const file = path.resolve('docs/pruning.md');
  const [open, close] = [`<!-- bench:pruning ${kind} -->`, `<!-- end ${kind} -->`];
  const before = readFileSync(file, 'utf8');
  const [from, to] = [before.indexOf(open), before.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for ${kind}`);
  writeFileSync(file, `${before.slice(0, from)}${open}\n${found.join('\n')}\n${before.slice(to)}`);
}

for (const kind of ['sample', 'stock', 'real']) {
  if (flags.only !== undefined && flags.only !== kind) continue;
  const found = kind === 'real' ? real() : table(kind, prepare(kind));
  if (found === undefined) process.stderr.write('real: the model is not there (npm run model:smollm2)\n');
  else report(kind, found);
}
