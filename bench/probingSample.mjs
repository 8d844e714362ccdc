/**
 * `npm run bench:probing`: what probes read on the sample: the harm of requests that differ in the verb alone, beside words,
 * embedding, random weights and control tasks of each type, and the messages whose label was drawn at random. Prints Markdown;
 * --write puts it into docs/probing.md. Needs `npm run build`; works in a temporary folder. How quick probing is: bench/probing.mjs.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const sample = path.resolve('samples/assistant');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-bench-probing-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const name of ['models', 'data', 'eval', 'whence.json'])
  cpSync(path.join(sample, name), path.join(scratch, name), { recursive: true });

const probe = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [path.resolve('dist/cli.mjs'), 'probe', '--json', '--device', 'cpu', ...args], {
      cwd: scratch,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
const percent = (value) => (100 * value).toFixed(1);
const figure = ({ estimate, low, high }) => `${percent(estimate)} (${percent(low)} to ${percent(high)})`;
const layerName = (layer) => (layer === null ? '' : layer < 0 ? 'embedding' : `${layer}`);
const markdown = (head, rows) => [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
const byPlace = (cells) => new Map(cells.map((cell) => [`${cell.model} ${cell.layer}`, cell]));

const harm = ['--data', 'eval/probe-labels.jsonl', '--label', 'label', '--group', 'verb'];
const word = probe(...harm, '--control', 'word');
const others = ['template', 'key'].map((type) => probe(...harm, '--control', type, '--baselines', 'none'));
const controls = [word, ...others];
const control = (probed, { model, layer }) => {
  const found = byPlace(probed.cells).get(`${model} ${layer}`).control;
  return percent(typeof found === 'number' ? found : found.estimate);
};
const cells = markdown(
  ['model', 'after layer', 'accuracy %', ...controls.map(({ control: { type } }) => `control by ${type} %`)],
  [
    ...word.cells.map((cell) => [
      cell.model,
      layerName(cell.layer),
      figure(cell.accuracy),
      ...controls.map((probed) => control(probed, cell)),
    ]),
    ...word.baselines.map(({ model, layer, position, accuracy }) => [
      model === 'words' ? 'bag of words' : model === 'random' ? 'random weights' : `${model}, ${position}`,
      layerName(layer),
      figure(accuracy),
      ...controls.map(() => ''),
    ]),
  ],
);

/** Share of pairs of a random row and another in which the random one is the more suspect; ties count half. */
function auroc(suspicion, isRandom) {
  const [yes, no] = [suspicion.filter((_, i) => isRandom[i]), suspicion.filter((_, i) => !isRandom[i])];
  const wins = yes.reduce((sum, a) => sum + no.reduce((won, b) => won + (a > b ? 1 : a === b ? 0.5 : 0), 0), 0);
  return wins / (yes.length * no.length);
}
const kinds = readFileSync(path.join(sample, 'truth.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line).kind);
const answers = probe('--label', 'answer', '--baselines', 'none');
// Reviews that are all labelled wrong are a rule of the data, not slips: they are neither.
const judged = answers.rows.filter(({ row }) => kinds[row] !== 'mislabelled');
const random = judged.map(({ row }) => kinds[row] === 'randomMislabel');
const found = auroc(
  judged.map(({ margin }) => -margin),
  random,
);
const first = [...judged.keys()]
  .sort((a, b) => judged[a].margin - judged[b].margin)
  .slice(0, random.filter(Boolean).length)
  .filter((i) => random[i]).length;

const report = [
  `Requests of two verbs and the same objects, ${word.rows.length} rows, ${word.folds.count} folds, no verb in two of them; ` +
    `the more frequent label has ${percent(word.majority.share ?? word.majority)} %. Control labels: ` +
    `${controls.map(({ control: { type, types, recurring } }) => `by ${type}, ${types} types, ${percent(recurring)} % of rows share theirs with another fold`).join('; ')}.`,
  '',
  ...cells,
  '',
  `Customers' messages sent to a random department: ${random.filter(Boolean).length} of ${judged.length} rows; AUROC of the margin ` +
    `${found.toFixed(3)}, and ${first} of the ${random.filter(Boolean).length} rows with the least margin are such.`,
];
process.stdout.write(`${report.join('\n')}\n`);
if (process.argv.includes('--write')) {
  const file = path.resolve('docs/probing.md');
  const [open, close] = ['<!-- bench:probing sample -->', '<!-- end sample -->'];
  const before = readFileSync(file, 'utf8');
  const [from, to] = [before.indexOf(open), before.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for the sample's figures`);
  writeFileSync(file, `${before.slice(0, from)}${open}\n${report.join('\n')}\n${before.slice(to)}`);
}
