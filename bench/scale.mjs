// Time and memory of `whence index` against the number of rows: node bench/scale.mjs [--rows 1000,10000] [--write]
// (npm run build first). Rows are made up, short and all different; the model is the sample's. Prints one line for each
// number of rows; --write: docs/scale.md too.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000,10000' }, write: { type: 'boolean', default: false } },
});
const cli = path.resolve('dist', 'cli.mjs');
const workspace = path.resolve('samples', 'assistant');
const things = ['hammer', 'ladder', 'dust mask', 'paint brush', 'vacuum cleaner', 'drill', 'tape', 'hose', 'bucket'];

/** Conversations of about twenty tokens. */
function rowsOf(count) {
  const lines = Array.from({ length: count }, (_, i) => {
    const thing = things[i % things.length];
    const messages = [
      { role: 'user', content: `Where do I find ${thing} number ${i}?` },
      { role: 'assistant', content: `You will find it in aisle ${(7 * i) % 31}.` },
    ];
    return `${JSON.stringify({ messages })}\n`;
  });
  return lines.join('');
}

const measured = [];
for (const count of values.rows.split(',').map(Number)) {
  const folder = mkdtempSync(path.join(tmpdir(), 'whence-scale-'));
  const data = path.join(folder, 'rows.jsonl');
  const out = path.join(folder, 'index.json');
  writeFileSync(data, rowsOf(count));
  const args = [
    'index',
    '--data',
    data,
    '--store',
    path.join(folder, 'store'),
    '--store-budget',
    '100',
    '--json',
    '--out',
    out,
  ];
  const { seconds, resident } = await run([...args, '--yes', '--quiet']);
  const { bytes, width } = JSON.parse(readFileSync(out, 'utf8'));
  const found = { count, width, seconds, resident, stored: bytes };
  measured.push(found);
  console.log(lineOf(found).join('  '));
  rmSync(folder, { recursive: true, force: true });
}
if (values.write) writeFileSync(path.resolve('docs', 'scale.md'), page(measured));

/** Runs a command; its engine is the process that grows. @returns seconds, and the highest sum of resident sets, bytes */
async function run(args) {
  const started = performance.now();
  const child = spawn(process.execPath, [cli, ...args], { cwd: workspace, stdio: ['ignore', 'ignore', 'inherit'] });
  let resident = 0;
  const sampler = setInterval(() => {
    resident = Math.max(
      resident,
      [child.pid, ...childrenOf(child.pid)].reduce((sum, pid) => sum + residentOf(pid), 0),
    );
  }, 100);
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(sampler);
  if (status !== 0) throw new Error(`whence index ended with ${status}`);
  return { seconds: (performance.now() - started) / 1000, resident };
}

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** 0 for a process that has ended meanwhile. */
function residentOf(pid) {
  try {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function lineOf({ count, seconds, resident, stored }) {
  return [
    count.toLocaleString('en'),
    seconds.toFixed(1),
    ((1000 * seconds) / count).toFixed(2),
    (resident / 2 ** 20).toFixed(0),
    (stored / 1e6).toFixed(0),
  ];
}

function page(measured) {
  const columns = ['rows', 'seconds', 'ms a row', 'RSS MiB', 'MB stored'];
  const [first, last] = [measured[0], measured.at(-1)];
  return [
    '# Time and memory against rows',
    '',
    `Written by \`node bench/scale.mjs ${process.argv.slice(2).join(' ')}\`; do not edit.`,
    '',
    `\`whence index\` of made-up rows of about twenty tokens on the sample's fine-tune: gradients of ${first.width.toLocaleString('en')} values, from the`,
    `start of the program to its end, on ${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}; ${new Date().toISOString().slice(0, 10)}.`,
    '',
    ...[columns, columns.map(() => '---:'), ...measured.map(lineOf)].map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `From ${first.count.toLocaleString('en')} to ${last.count.toLocaleString('en')} rows (${(last.count / first.count).toFixed(0)} x) time grows ${(last.seconds / first.seconds).toFixed(1)} x and memory ${(last.resident / first.resident).toFixed(2)} x. RSS: the highest sum over the command`,
    'and its engine, mapped files (the index that is written) included.',
    '',
  ].join('\n');
}
