/**
 * `npm run bench:editor`: how quickly the language server answers an editor, beside the bars. Speaks LSP over stdio with the
 * built server, on a copy of the sample workspace with a file of 100,000 rows (40 MB) and one of a gigabyte. Prints a table;
 * `--write` makes it docs/editor-speed.md. Linux: it looks into /proc.
 *
 * usage: node bench/editor.mjs [--write] [--gigabytes N]
 */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { measureLargeFile } from './editor/largeFile.mjs';
import { childrenOf, processorMilliseconds } from './editor/processes.mjs';
import { startStdioServer } from './editor/stdioServer.mjs';

const { values: flags } = parseArgs({
  options: { write: { type: 'boolean', default: false }, gigabytes: { type: 'string', default: '1' } },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const rows = 100_000;
/** Lines that an editor shows, with those that are asked for around them. */
const visible = 120;
/** Milliseconds between two keystrokes of a quick writer. */
const betweenKeys = 80;

const loadBefore = os.loadavg()[0];
const disk = statfsSync(os.tmpdir());
if (disk.bavail * disk.bsize < 2.5e9 * Number(flags.gigabytes)) throw new Error(`${os.tmpdir()} has too little room`);
const scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-bench-editor-'));
const folder = path.join(scratch, 'assistant');
cpSync(path.join(root, 'samples/assistant'), folder, {
  recursive: true,
  filter: (file) => path.basename(file) !== '.whence',
});
const file = path.join(folder, 'data/train.jsonl');
const uri = pathToFileURL(file).href;
const query = { kind: 'queryLine', uri: pathToFileURL(path.join(folder, 'queries.jsonl')).href, line: 0 };

const running = new Set();
const start = async () => {
  const server = await startStdioServer(folder);
  running.add(server);
  return server;
};
const table = [];
/** A figure with its bar; `bar` null where there is none. */
const note = (what, value, unit, bar) => {
  table.push({ what, value, unit, bar });
  const beside = bar === null ? '' : `  bar ${bar}: ${value < bar ? 'met' : 'MISSED'}`;
  process.stdout.write(`${what.padEnd(64)} ${value.toFixed(value < 10 ? 2 : 0).padStart(8)} ${unit}${beside}\n`);
};
const since = (began) => performance.now() - began;
const middle = (times) => [...times].sort((a, b) => a - b)[times.length >> 1];
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

try {
  const trace = await traceSample();
  growSample();
  let server = await start();
  await measureOpening(server);
  await measureTyping(server);
  await measureTags(server, trace);
  await measureJob(server);
  server = await measureReturn(server, trace);
  await server.kill('SIGTERM');
  running.delete(server);
  await measureGigabyte();
  if (flags.write) writeFileSync(path.join(root, 'docs/editor-speed.md'), page());
} finally {
  for (const server of running) await server.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * The sample's rows, then as many of the same form as make 100,000 rows of 40 MB. Jobs compute the first 3,000 of them,
 * which is enough to measure beside and leaves the machine in time.
 */
function growSample() {
  const first = readFileSync(file, 'utf8').trimEnd().split('\n').length;
  const words = 'the small assistant answers politely and explains how one repairs a wooden table '.repeat(4);
  const more = Array.from({ length: rows - first }, (_, at) => {
    const content = `Row ${first + at}: ${words.slice(0, 40 + (((first + at) * 37) % 120))}`;
    const messages = [
      { role: 'user', content },
      { role: 'assistant', content: words.slice(0, 220) },
    ];
    return `${JSON.stringify({ messages })}\n`;
  });
  cpSync(file, path.join(folder, 'data/computed.jsonl'));
  appendFileSync(path.join(folder, 'data/computed.jsonl'), more.slice(0, 3000 - first).join(''));
  appendFileSync(file, more.join(''));
  const configuration = path.join(folder, 'whence.json');
  const named = readFileSync(configuration, 'utf8').replace(
    '"path": "data/train.jsonl"',
    '"path": "data/computed.jsonl"',
  );
  writeFileSync(configuration, named);
}

function openTrain(server) {
  const text = readFileSync(file, 'utf8');
  server.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'jsonl', version: 1, text } });
}

function diagnosed({ method, params }) {
  return method === 'textDocument/publishDiagnostics' && params.uri === uri ? true : undefined;
}

async function measureOpening(server) {
  const megabytes = readFileSync(file).length / 1e6;
  const idle = processorMilliseconds(server.pid);
  const began = performance.now();
  const diagnostics = server.hears(diagnosed).then(() => ({
    milliseconds: since(began),
    computed: processorMilliseconds(server.pid) - idle,
  }));
  // The model's name is told once its tokenizer is read; what comes after is the count of trained tokens.
  const counted = new Promise((resolve) => {
    const look = async () => {
      await server.hears(({ method }) => (method === 'workspace/codeLens/refresh' ? true : undefined));
      const summary = await server.request('whence/summary', { uri });
      if (summary?.includes('trained tokens')) resolve({ milliseconds: since(began), summary });
      else void look();
    };
    void look();
  });
  openTrain(server);
  const summary = await server.request('whence/summary', { uri });
  const status = since(began);
  if (!summary.startsWith('100,000 rows')) throw new Error(summary);
  note(
    `${rows} rows, ${megabytes.toFixed(0)} MB: opened, first diagnostics`,
    (await diagnostics).milliseconds,
    'ms',
    1500,
  );
  note('… processor time of the server until then', (await diagnostics).computed, 'ms', null);
  note('… status (rows, schema)', status, 'ms', 1500);
  note('… trained tokens of all rows counted or extrapolated', (await counted).milliseconds, 'ms', null);
}

/** Each keystroke with a question behind it: the answer comes when the server has taken the change in. */
async function measureTyping(server) {
  const times = [];
  const asked = [];
  for (let key = 0; key < 60; key++) {
    await pause(betweenKeys);
    const idle = performance.now();
    await server.request('whence/jobs', null);
    asked.push(since(idle));
    const began = performance.now();
    const at = { line: rows / 2, character: 40 + key };
    server.notify('textDocument/didChange', {
      textDocument: { uri, version: key + 2 },
      contentChanges: [{ range: { start: at, end: at }, text: 'x' }],
    });
    await server.request('whence/jobs', null);
    times.push(since(began));
  }
  note('keystroke in the middle of it, median of 60', middle(times), 'ms', 5);
  note('… worst of 60', Math.max(...times), 'ms', null);
  note('… of that, the question alone, median', middle(asked), 'ms', null);
}

/** Waits for a job's end. */
async function finished(server, id) {
  const done = server.hears(({ method, params }) =>
    method === 'whence/jobChanged' && params.id === id && ['done', 'failed', 'cancelled'].includes(params.state)
      ? params
      : undefined,
  );
  const [now] = (await server.request('whence/jobs', null)).filter((job) => job.id === id);
  const view = ['done', 'failed', 'cancelled'].includes(now.state) ? now : await done;
  if (view.state === 'failed') throw new Error(JSON.stringify(view.error));
  return view;
}

async function startTrace(server, methods) {
  const job = { kind: 'trace', model: null, behaviour: query, methods, rank: 'always' };
  return (await server.request('whence/startJob', job)).id;
}

/** A trace that is kept, of the sample as it is. */
async function traceSample() {
  const server = await start();
  const id = await startTrace(server, ['bm25']);
  await finished(server, id);
  const { trace } = await server.request('whence/jobResult', { id });
  await server.kill('SIGTERM');
  running.delete(server);
  return trace;
}

/** Tags as scrolling asks for them: of lines that the trace knows, and of such as it does not. */
async function measureTags(server, trace) {
  await server.request('whence/activate', { trace, query: 0, method: 'bm25' });
  const { tags } = await server.request('whence/tags', { uri, first: 0, last: visible });
  if (tags.length === 0) throw new Error('no tags');
  const times = [];
  for (let i = 0; i < 50; i++) {
    const first = i % 2 === 0 ? visible * (1 + (i % 5)) : Math.floor(((i * 37) % 50) * (rows / 50));
    const began = performance.now();
    await server.request('whence/tags', { uri, first, last: first + visible });
    times.push(since(began));
  }
  note(`tags of ${visible} lines after a scroll, median of 50`, middle(times), 'ms', 50);
  note('… worst of 50', Math.max(...times), 'ms', 50);
}

function progressOf(id) {
  return ({ method, params }) =>
    method === 'whence/jobChanged' && params.id === id && params.progress !== null ? params : undefined;
}

/** Hovers while the engine computes gradients of all rows; cancel; the engine killed under its job. */
async function measureJob(server) {
  const job = { kind: 'index', model: null };
  const { id } = await server.request('whence/startJob', job);
  await server.hears(progressOf(id));
  const times = [];
  for (let i = 0; i < 50; i++) {
    const line = Math.floor(((i * 37 + 11) % 50) * (rows / 50));
    const began = performance.now();
    const hover = await server.request('textDocument/hover', {
      textDocument: { uri },
      position: { line, character: 30 },
    });
    times.push(since(began));
    if (hover === null) throw new Error(`no hover in line ${line}`);
    await pause(20);
  }
  note('hover while a job computes, median of 50', middle(times), 'ms', 50);
  note('… worst of 50', Math.max(...times), 'ms', 50);
  const [{ state }] = await server.request('whence/jobs', null);
  if (state !== 'running') throw new Error(`the job is ${state} before anything could be measured beside it`);
  const [engine] = childrenOf(server.pid, 'engine.mjs');
  const killed = performance.now();
  process.kill(engine, 'SIGKILL');
  await back(server, engine);
  note('engine killed: another one runs', since(killed), 'ms', 3000);
  await server.hears(progressOf(id));
  note('… and its job goes on', since(killed), 'ms', 3000);
  const cancelled = performance.now();
  const ended = finished(server, id);
  await server.request('whence/cancelJob', { id });
  if ((await ended).state !== 'cancelled') throw new Error('the job was not cancelled');
  note('cancel', since(cancelled), 'ms', 500);
}

async function back(server, old) {
  for (;;) {
    if (childrenOf(server.pid, 'engine.mjs').some((pid) => pid !== old)) return;
    await pause(10);
  }
}

/** The server killed; another one started as a client does it, until it shows the same tags. */
async function measureReturn(server, trace) {
  const before = (await server.request('whence/tags', { uri, first: 0, last: visible })).tags;
  await server.kill('SIGKILL');
  running.delete(server);
  const began = performance.now();
  const next = await start();
  openTrain(next);
  await next.request('whence/activate', { trace, query: 0, method: 'bm25' });
  const { tags } = await next.request('whence/tags', { uri, first: 0, last: visible });
  const milliseconds = since(began);
  if (JSON.stringify(tags) !== JSON.stringify(before)) throw new Error('another server shows other tags');
  note('server killed: another one shows the same tags', milliseconds, 'ms', 3000);
  return next;
}

async function measureGigabyte() {
  const found = await measureLargeFile(folder, Number(flags.gigabytes));
  const size = `${flags.gigabytes} GB, ${found.rows} rows`;
  note(`${size}: first rows`, found.first, 'ms', 1000);
  note('… any row by number, median of 50', middle(found.times), 'ms', 200);
  note('… worst of 50', Math.max(...found.times), 'ms', 200);
  note('… memory beyond the idle server', found.memory, 'MB', 300);
  note('… all rows counted', found.counted * 1000, 'ms', null);
  note('… a text found at its end', found.searched * 1000, 'ms', null);
}

function page() {
  const machine = `${os.cpus()[0].model}, ${os.availableParallelism()} cores, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB memory, ${process.platform} ${os.release()} ${process.arch}, Node ${process.version}`;
  const load = `load ${loadBefore.toFixed(1)} before, ${os.loadavg()[0].toFixed(1)} after; ${new Date().toISOString().slice(0, 10)}`;
  const lines = table.map(({ what, value, unit, bar }) => {
    const shown = `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
    return `| ${what} | ${shown} | ${bar === null ? '' : `< ${bar} ${unit}`} | ${bar === null ? '' : value < bar ? 'met' : '**missed**'} |`;
  });
  return `# How quickly the editor is answered

Written by \`npm run bench:editor -- --write\`; do not edit.

- Machine: ${machine}; ${load}.
- The built server over stdio, on a copy of the sample workspace; the language client and the drawing of the editor are not in the figures.

| what | figure | bar | |
| --- | --: | --: | --- |
${lines.join('\n')}

## How to read it

- A keystroke is a change followed by a question: the time until the question is answered, which is when the change has been taken in.
- Tags are asked for as scrolling asks for them, in jumps over the whole file; a trace is shown that knows its first rows.
- Hovers are asked for while the engine computes gradients; each is of another row, with its tokens.
- A load above the number of cores means that other programs had the processor too: "processor time" is what the server itself needed,
  and the worst of many is then the machine's. Keystrokes and tags come while the file is looked through anew after each change.
- "Killed" is SIGKILL. The server's return counts from its start to the same tags: start, opening of the file, the kept trace, the tags.
`;
}
