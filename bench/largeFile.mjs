// Measures the server's reading of a large file: `node bench/largeFile.mjs [gigabytes]` (1). Writes a file to the system's
// temporary folder, opens it as the editor does (over LSP, stdio), prints figures beside their bars, and deletes it.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const gigabytes = Number(process.argv[2] ?? 1);
const root = fileURLToPath(new URL('..', import.meta.url));
const disk = statfsSync(os.tmpdir());
if (disk.bavail * disk.bsize < 2.5e9 * gigabytes) throw new Error(`${os.tmpdir()} has too little room`);

const folder = mkdtempSync(path.join(os.tmpdir(), 'whence-large-'));
let server;
try {
  const file = path.join(folder, 'large.jsonl');
  const rows = writeRows(file, gigabytes * 1e9);
  server = startServer(folder);
  await server.request('initialize', { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities: {} });
  server.notify('initialized', {});
  await server.request('whence/state', null);
  const before = memory(server.pid);
  const uri = pathToFileURL(file).href;
  const ask = async (first) => {
    const began = performance.now();
    const answer = await server.request('whence/largeRows', { uri, first, last: first + 60, characters: 2000 });
    return { milliseconds: performance.now() - began, ...answer };
  };
  const first = await ask(0);
  const began = performance.now();
  let peak = 0;
  let all = first;
  while (all.complete !== 'yes') {
    await new Promise((resolve) => setTimeout(resolve, 50));
    all = await ask(0);
    peak = Math.max(peak, memory(server.pid));
  }
  const counting = (performance.now() - began) / 1000;
  if (all.lines !== rows) throw new Error(`counted ${all.lines} rows of ${rows}`);
  const times = [];
  for (let i = 0; i < 50; i++) {
    const row = Math.floor(((i * 7919) % 50) * (rows / 50));
    const { milliseconds, texts } = await ask(row);
    if (!texts[0].startsWith(`{"id":${row},`)) throw new Error(`row ${row} is ${texts[0].slice(0, 40)}`);
    times.push(milliseconds);
    peak = Math.max(peak, memory(server.pid));
  }
  const searching = performance.now();
  const { line } = await server.request('whence/largeFind', { uri, text: `{"id":${rows - 2},`, from: 0 });
  if (line !== rows - 2) throw new Error(`found in line ${line}`);
  const searched = (performance.now() - searching) / 1000;
  peak = Math.max(peak, memory(server.pid));
  times.sort((a, b) => a - b);
  print(`${gigabytes} GB, ${rows} rows`, [
    ['first rows', first.milliseconds, 'ms', 1000],
    ['any row, worst of 50', times.at(-1), 'ms', 200],
    ['any row, median', times[25], 'ms', 200],
    ['memory beyond the idle server', peak - before, 'MB', 300],
    ['rows counted after', counting, 's', null],
    ['text found at the end after', searched, 's', null],
  ]);
} finally {
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
}

function writeRows(file, bytes) {
  const handle = openSync(file, 'w');
  const words = 'the small assistant answers politely and explains how one repairs a wooden table '.repeat(4);
  let written = 0;
  let row = 0;
  while (written < bytes) {
    let block = '';
    while (block.length < 4 << 20) {
      const content = words.slice(0, 60 + ((row * 37) % 200));
      block += `{"id":${row},"messages":[{"role":"user","content":"${content}"},{"role":"assistant","content":"${words}"}]}\n`;
      row += 1;
    }
    written += writeSync(handle, block);
  }
  closeSync(handle);
  return row;
}

/** Resident memory, MB. */
function memory(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

function startServer(cwd) {
  const child = spawn(process.execPath, [path.join(root, 'dist/server.mjs'), '--stdio'], {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = new Map();
  let held = Buffer.alloc(0);
  let next = 1;
  const send = (message) => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    child.stdin.write(body);
  };
  child.stdout.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const head = held.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/Content-Length: (\d+)/i.exec(held.subarray(0, head).toString())[1]);
      if (held.length < head + 4 + length) return;
      const message = JSON.parse(held.subarray(head + 4, head + 4 + length).toString());
      held = held.subarray(head + 4 + length);
      const found = waiting.get(message.id);
      if (found === undefined || message.method !== undefined) continue;
      waiting.delete(message.id);
      if (message.error === undefined) found.resolve(message.result);
      else found.reject(new Error(message.error.message));
    }
  });
  return {
    pid: child.pid,
    request: (method, params) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        send({ id, method, params });
      }),
    notify: (method, params) => send({ method, params }),
    kill: () => child.kill(),
  };
}

function print(title, figures) {
  process.stdout.write(`${title}\n`);
  for (const [name, value, unit, bar] of figures) {
    const beside =
      bar === null
        ? ''
        : `   bar ${bar} ${unit}: ${value <= bar ? 'met' : 'MISSED'} (${(value / bar).toFixed(2)} of it)`;
    process.stdout.write(`  ${name.padEnd(32)} ${value.toFixed(1).padStart(8)} ${unit}${beside}\n`);
  }
}
