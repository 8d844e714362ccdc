// Time and memory of `whence index` against the number of rows: node bench/scale.mjs [--rows 1000,10000] (npm run build first).
// Rows are made up, short and all different; the model is the sample's. Prints one line for each number of rows.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000,10000' } } });
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

for (const count of values.rows.split(',').map(Number)) {
  const folder = mkdtempSync(path.join(tmpdir(), 'whence-scale-'));
  const data = path.join(folder, 'rows.jsonl');
  const out = path.join(folder, 'index.json');
  writeFileSync(data, rowsOf(count));
  const started = performance.now();
  const { status } = spawnSync(
    process.execPath,
    [
      ...[cli, 'index', '--data', data, '--store', path.join(folder, 'store'), '--store-budget', '100'],
      ...['--out', out, '--yes', '--quiet'],
    ],
    { cwd: workspace, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) throw new Error(`whence index ended with ${status}`);
  const seconds = (performance.now() - started) / 1000;
  const { memory, bytes, width } = JSON.parse(readFileSync(out, 'utf8'));
  console.log(
    `${count} rows of ${width} values: ${seconds.toFixed(1)} s, ${((1000 * seconds) / count).toFixed(2)} ms a row, ` +
      `memory ${JSON.stringify(memory)}, ${(bytes / 1e6).toFixed(0)} MB stored`,
  );
  rmSync(folder, { recursive: true, force: true });
}
