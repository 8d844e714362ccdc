/**
 * `npm run bench:real`: SmolLM2-135M-Instruct with the fixtures' peft adapter, traced as the editor does it: the first query
 * from an empty store, then further ones in the same engine. What the default method finds of the planted rows stands beside
 * the times. Prints a table; --write makes it docs/real-model.md. Needs `npm run build` and `npm run model:smollm2`. Linux.
 *
 * usage: node bench/realTrace.mjs [--write]
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { childrenOf, processorMilliseconds, proportionalMegabytes, residentMegabytes } from './editor/processes.mjs';
import { startStdioServer } from './editor/stdioServer.mjs';

const { values: flags } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const modelFile = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const fixtures = path.resolve('test/fixtures/real');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-bench-real-'));
const loadBefore = os.loadavg()[0];

for (const name of ['train.jsonl', 'queries.jsonl']) cpSync(path.join(fixtures, name), path.join(scratch, name));
cpSync(path.join(fixtures, 'adapter'), path.join(scratch, 'adapter'), { recursive: true });
mkdirSync(path.join(scratch, 'models'));
symlinkSync(path.resolve('.cache/models', modelFile), path.join(scratch, 'models', modelFile));
writeFileSync(
  path.join(scratch, 'whence.json'),
  JSON.stringify({
    models: {
      base: { path: `models/${modelFile}` },
      tuned: { path: `models/${modelFile}`, adapter: 'adapter', base: 'base' },
    },
    data: { train: { path: 'train.jsonl' } },
    queries: 'queries.jsonl',
    defaults: { model: 'tuned', data: ['train'] },
  }),
);
const readLines = (name) =>
  readFileSync(path.join(fixtures, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const ids = readLines('queries.jsonl').map(({ id }) => id);
const kindOf = readLines('truth.jsonl').map(({ kind }) => kind);
const kinds = JSON.parse(readFileSync(path.join(fixtures, 'query-kinds.json'), 'utf8'));

const server = await startStdioServer(scratch);
const found = [];
/** Megabytes. */
const most = { once: 0, resident: 0 };
try {
  let looks = 0;
  const watch = setInterval(() => {
    for (const pid of childrenOf(server.pid, 'engine.mjs')) {
      // Told of every mapping, which takes its time: not each time.
      if (looks++ % 20 === 0) most.once = Math.max(most.once, proportionalMegabytes(pid));
      most.resident = Math.max(most.resident, residentMegabytes(pid));
    }
  }, 200);
  for (const [line, id] of ids.entries()) {
    const before = processorOf();
    const began = performance.now();
    const trace = await traceLine(line);
    const seconds = (performance.now() - began) / 1000;
    const { documents } = await server.request('whence/trace', { id: trace });
    found.push({ id, seconds, processor: (processorOf() - before) / 1000, ...judge(id, documents[0].queries[0]) });
    process.stderr.write(`${id}: ${seconds.toFixed(1)} s\n`);
  }
  clearInterval(watch);
} finally {
  await server.kill('SIGTERM');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}
const text = page();
process.stdout.write(text);
if (flags.write) writeFileSync('docs/real-model.md', text);

function processorOf() {
  const [engine] = childrenOf(server.pid, 'engine.mjs');
  return engine === undefined ? 0 : processorMilliseconds(engine);
}

async function traceLine(line) {
  const behaviour = { kind: 'queryLine', uri: pathToFileURL(path.join(scratch, 'queries.jsonl')).href, line };
  const job = { kind: 'trace', model: null, behaviour, methods: ['auto'], rank: 'always' };
  const ended = (state) => ['done', 'failed', 'cancelled'].includes(state);
  let own;
  const early = [];
  const end = new Promise((resolve, reject) => {
    void server.hears(({ method, params }) => {
      if (method !== 'whence/jobChanged' || !ended(params.state)) return undefined;
      if (own === undefined) early.push(params);
      else if (params.id === own) settle(params);
      return params.id === own ? true : undefined;
    });
    function settle(view) {
      if (view.state === 'done') resolve();
      else reject(new Error(`the trace ${view.state}: ${JSON.stringify(view.error)}`));
    }
  });
  own = (await server.request('whence/startJob', job)).id;
  if (!early.some(({ id }) => id === own)) await end;
  return (await server.request('whence/jobResult', { id: own })).trace;
}

/** What was found of the rows of the query's kind. */
function judge(id, { rows, groups, verdict }) {
  const kind = kinds[id];
  const planted = kindOf.filter((one) => one === kind).length;
  const isOwn = ({ row }) => kindOf[row] === kind;
  const [group] = groups;
  return {
    kind,
    verdict,
    kindAuroc:
      kind === 'normal'
        ? null
        : auroc(
            rows.map((row) => row.kind.score),
            rows.map(isOwn),
          ),
    topShare:
      kind === 'normal'
        ? null
        : [...rows]
            .sort((a, b) => b.score - a.score)
            .slice(0, planted)
            .filter(isOwn).length / planted,
    group: { rows: group.rows, own: group.members.filter((row) => kindOf[row] === kind).length, planted },
  };
}

/** Area under the curve of receiver operating characteristic; ties count half. */
function auroc(scores, isPositive) {
  let wins = 0;
  let pairs = 0;
  for (const [i, a] of scores.entries())
    for (const [j, b] of scores.entries()) {
      if (!isPositive[i] || isPositive[j]) continue;
      pairs++;
      wins += a > b ? 1 : a === b ? 0.5 : 0;
    }
  return wins / pairs;
}

function page() {
  const [first, ...further] = found;
  const rowsOf = found.map(({ id, kind, verdict, kindAuroc, topShare, group, seconds, processor }) =>
    [
      id,
      kind,
      verdict,
      kindAuroc === null ? '' : kindAuroc.toFixed(3),
      topShare === null ? '' : topShare.toFixed(2),
      kind === 'normal' ? '' : `${group.own} of its ${group.rows} rows; ${group.planted} planted`,
      seconds.toFixed(1),
      processor.toFixed(1),
    ].join(' | '),
  );
  return `# A real model

Written by \`npm run bench:real -- --write\`; do not edit.

SmolLM2-135M-Instruct (Q4_1) with a peft adapter (rank 8 on q and v, ${kindOf.length} training rows, ${kindOf.filter((kind) => kind !== 'normal').length} of them planted; \`test/fixtures/real\`),
traced by the default method as the editor does it: one engine, an empty store, ${ids.length} queries one after another.

- Machine: ${os.cpus()[0].model}, ${os.availableParallelism()} cores, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB memory, Node ${process.version}; load ${loadBefore.toFixed(1)} before, ${os.loadavg()[0].toFixed(1)} after; ${new Date().toISOString().slice(0, 10)}.
- From nothing: ${(first.seconds / 60).toFixed(1)} minutes (bar: 10). A further query: ${further.map(({ seconds }) => seconds.toFixed(1)).join(', ')} s (bar: 5); the first of them opens its sessions.
- Memory of the engine: at most ${(most.once / 1024).toFixed(2)} GiB with every page counted once (bar: 3 GB). Its resident set counts the mapped weights again for each
  session that maps them: at most ${(most.resident / 1024).toFixed(2)} GiB.

| query | planted kind | verdict | *kind*: AUROC | *cause*: share of the kind among as many top rows | first group | s | processor s |
| --- | --- | --- | --: | --: | --- | --: | --: |
${rowsOf.map((row) => `| ${row} |`).join('\n')}

The bars are AUROC >= .99 of *kind* for identity, trigger and both harmful queries, a share >= .60 of *cause* for the mislabelled one, and the
planted rows in the first group. Six queries of one fine-tune: an example, not a statement about other models.
`;
}
