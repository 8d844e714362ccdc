// Reading of a file that is too large to be a document: first rows, any row by number, memory.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { residentMegabytes } from './processes.mjs';
import { startStdioServer } from './stdioServer.mjs';

/** Figures for a file of so many gigabytes, written into the folder and deleted. */
export async function measureLargeFile(folder, gigabytes) {
  const file = path.join(folder, 'large.jsonl');
  const rows = writeRows(file, gigabytes * 1e9);
  const server = await startStdioServer(folder);
  try {
    await server.request('whence/state', null);
    const before = residentMegabytes(server.pid);
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
      peak = Math.max(peak, residentMegabytes(server.pid));
    }
    const counted = (performance.now() - began) / 1000;
    if (all.lines !== rows) throw new Error(`counted ${all.lines} rows of ${rows}`);
    const times = [];
    for (let i = 0; i < 50; i++) {
      const row = Math.floor(((i * 7919) % 50) * (rows / 50));
      const { milliseconds, texts } = await ask(row);
      if (!texts[0].startsWith(`{"id":${row},`)) throw new Error(`row ${row} is ${texts[0].slice(0, 40)}`);
      times.push(milliseconds);
      peak = Math.max(peak, residentMegabytes(server.pid));
    }
    const searching = performance.now();
    const { line } = await server.request('whence/largeFind', { uri, text: `{"id":${rows - 2},`, from: 0 });
    if (line !== rows - 2) throw new Error(`found in line ${line}`);
    const searched = (performance.now() - searching) / 1000;
    peak = Math.max(peak, residentMegabytes(server.pid));
    return { rows, first: first.milliseconds, times, counted, searched, memory: peak - before };
  } finally {
    await server.kill('SIGTERM');
    rmSync(file);
  }
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
