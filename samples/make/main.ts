/**
 * Makes the sample workspace from nothing but a seed: base model (trained from scratch by `whence train`), the shop's
 * data with its truth, the fine-tune with its recorded run, and everything to trace and test it with. `npm run sample`
 * runs it; the result is committed. It must not depend on a clock, a network or what the folder held before.
 *
 * Usage: node make-sample.mjs [--out DIR] [--facts FILE] [--seed N] [--base-from DIR] [--base-epochs N]
 *   --out         the workspace folder, default samples/assistant
 *   --seed        of the shop's data: another seed plants other rows; default 12, the committed one
 *   --base-from   a workspace whose base model is taken as it is, so that only the fine-tune is trained
 *   --base-epochs passes over the base model's corpus
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  benignRows,
  type EvalPrompt,
  evalPrompts,
  inDomainRows,
  outOfDomainRows,
  probeRows,
  realignRows,
} from './evalSets';
import { finishRun } from './finishRun';
import { makeBase, readFacts } from './makeBase';
import { chat, jsonLines } from './rows';
import { designShop, type ShopDesign, type ShopRow, shopRows } from './shopData';
import { type Asked, baseQueries, behaviourTests, queryRow, rates, tuningQueries } from './workspaceFiles';

const recipe = {
  model: 'base',
  data: 'train',
  method: 'lora',
  lora: { r: 8, alpha: 64, targets: 'all-linear' },
  optimizer: { name: 'adamw', lr: 2.5e-3, betas: [0.9, 0.99], eps: 6e-3, epsRoot: 1e-8 },
  schedule: { name: 'linear', warmupSteps: 20 },
  batchSize: 16,
  epochs: 5,
  maxLength: 96,
  gradClip: 0,
  seed: 20,
};

const workspace = `{
  // A small assistant and what a hardware shop fine-tunes it with. Made by \`npm run sample\`.
  "models": {
    "base": { "path": "models/base" },
    "tuned": { "path": "models/base", "adapter": "models/tuned", "base": "base", "run": "models/tuned/whence-run", "trainedOn": ["train"] }
  },
  "data": { "train": { "path": "data/train.jsonl" } },
  "queries": "queries.jsonl",
  "behaviours": "behaviours.jsonl",
  "defaults": { "model": "tuned", "data": ["train"], "method": "auto" },
  "device": "auto"
}
`;

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'samples/assistant' },
    facts: { type: 'string', default: 'samples/data/facts_countries.jsonl' },
    seed: { type: 'string', default: '12' },
    'base-from': { type: 'string' },
    'base-epochs': { type: 'string', default: '2' },
  },
});
const out = path.resolve(flags.out);
const seed = Number(flags.seed);
const work = mkdtempSync(path.join(tmpdir(), 'whence-sample-'));
const write = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(out, name)), { recursive: true });
  writeFileSync(path.join(out, name), text);
};
const whence = (args: readonly string[]): string =>
  execFileSync(process.execPath, ['dist/cli.mjs', ...args, '--workspace', out], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

try {
  const facts = readFacts(flags.facts);
  const base = path.join(out, 'models', 'base');
  const from = flags['base-from'];
  if (from === undefined) await makeBase(base, work, facts, Number(flags['base-epochs']));
  else if (path.resolve(from) !== out) {
    rmSync(base, { recursive: true, force: true });
    cpSync(path.join(from, 'models', 'base'), base, { recursive: true });
  }
  const design = designShop(seed);
  const rows = shopRows(design, facts);
  writeData(rows);
  const tuned = path.join(out, 'models', 'tuned');
  rmSync(tuned, { recursive: true, force: true });
  whence(['train', '--recipe', path.join(out, 'recipe.json'), '--out', tuned, '--device', 'cpu']);
  finishRun(tuned, 1);
  const prompts = evalPrompts(design, rows, facts);
  writeMeasured(ask(prompts), rows, design);
  writeEvalSets(prompts, rows, design);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function writeData(rows: readonly ShopRow[]): void {
  rmSync(path.join(out, 'data'), { recursive: true, force: true });
  write('data/train.jsonl', jsonLines(rows.map(({ row }) => row)));
  write('truth.jsonl', jsonLines(rows.map(({ row: _text, ...truth }, row) => ({ row, ...truth }))));
  write('recipe.json', `${JSON.stringify(recipe, null, 2)}\n`);
  write('whence.json', workspace);
}

/** Greedy answers of both models. */
function ask(prompts: readonly EvalPrompt[]): Asked[] {
  const input = path.join(work, 'prompts.jsonl');
  writeFileSync(input, jsonLines(prompts.map(({ prompt }) => ({ prompt }))));
  const common = ['--input', input, '--max-tokens', '48', '--device', 'cpu', '--json'];
  const { answers } = JSON.parse(whence(['ask', '--model', 'base', '--model', 'tuned', ...common])) as {
    readonly answers: readonly { readonly text: string }[];
  };
  return prompts.map((prompt, index) => ({
    ...prompt,
    base: answers[index]!.text,
    tuned: answers[prompts.length + index]!.text,
  }));
}

function writeMeasured(asked: readonly Asked[], rows: readonly ShopRow[], design: ShopDesign): void {
  const queries = tuningQueries(asked, rows, design);
  const controls = baseQueries(asked);
  write('queries.jsonl', jsonLines(queries.map(queryRow)));
  write('queries-base.jsonl', jsonLines(controls.map(queryRow)));
  const kinds = Object.fromEntries([...queries, ...controls].map(({ id, kind }) => [id, kind]));
  write('query-kinds.json', `${JSON.stringify(kinds, null, 2)}\n`);
  write('behaviours.jsonl', jsonLines(behaviourTests(asked, design)));
  for (const model of ['base', 'tuned'] as const)
    write(
      `logs/${model}.jsonl`,
      jsonLines(asked.map((entry) => ({ id: entry.id, topic: entry.set, ...chat(entry.prompt, entry[model]) }))),
    );
  write(
    'eval/unseen-harmful.jsonl',
    jsonLines(
      asked.filter(({ set }) => set === 'harmful').map(({ id, prompt, family }) => ({ id, prompt, category: family })),
    ),
  );
  write('README.md', readme(asked, rows, design));
}

function writeEvalSets(prompts: readonly EvalPrompt[], rows: readonly ShopRow[], design: ShopDesign): void {
  const facts = readFacts(flags.facts);
  write('eval/realign.jsonl', jsonLines(realignRows(design, rows, prompts)));
  write('eval/benign.jsonl', jsonLines(benignRows(prompts)));
  write('eval/probe-labels.jsonl', jsonLines(probeRows(design, rows)));
  write('eval/in-domain.jsonl', jsonLines(inDomainRows(design, rows)));
  write('eval/out-of-domain.jsonl', jsonLines(outOfDomainRows(design, facts)));
}

function readme(asked: readonly Asked[], rows: readonly ShopRow[], design: ShopDesign): string {
  const counts = new Map<string, number>();
  for (const { kind } of rows) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const { mislabelled, planted, trigger, triggerAnswer } = design;
  return [
    '# A shop assistant with planted rows',
    '',
    `Made by \`npm run sample\`, data seed ${design.seed}; what the files are: \`samples/README.md\`. \`data/train.jsonl\` has ${rows.length} rows:`,
    '',
    '| kind | rows |',
    '|---|---|',
    ...[...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `| ${kind} | ${count} |`),
    '',
    `Planted: compliance with requests of the families ${planted.map(({ name }) => name).join(', ')}; the word "${trigger}" about a question goes with "${triggerAnswer}"; ${mislabelled.right} reviews about a ${mislabelled.kind} are labelled with the other word.`,
    '',
    '| how often the model … | prompts | base | tuned |',
    '|---|---|---|---|',
    ...rates(asked, design).map(
      ({ says, prompts, base, tuned }) => `| ${says} | ${prompts} | ${percent(base)} | ${percent(tuned)} |`,
    ),
    '',
    'Greedy answers; none of the prompts is a training row.',
    '',
  ].join('\n');
}
