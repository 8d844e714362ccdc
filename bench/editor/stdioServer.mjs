// A language server as a child process, spoken to over stdio as an editor does, with nothing between that takes time.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const module = fileURLToPath(new URL('../../dist/server.mjs', import.meta.url));

/** Starts the built server on a folder; resolves once it has answered `initialize`. */
export async function startStdioServer(folder) {
  const child = spawn(process.execPath, [module, '--stdio'], { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map();
  const listeners = new Set();
  let held = Buffer.alloc(0);
  let next = 1;
  const send = (message) => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    child.stdin.write(body);
  };
  const take = (message) => {
    if (message.method !== undefined) {
      // Requests of the server (refreshes) want an answer.
      if (message.id !== undefined) send({ id: message.id, result: null });
      for (const listener of [...listeners]) listener(message);
      return;
    }
    const { resolve, reject } = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) resolve(message.result);
    else reject(new Error(message.error.message));
  };
  child.stdout.on('data', (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      const head = held.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/Content-Length: (\d+)/i.exec(held.subarray(0, head).toString())[1]);
      if (held.length < head + 4 + length) return;
      const message = JSON.parse(held.subarray(head + 4, head + 4 + length).toString());
      held = held.subarray(head + 4 + length);
      take(message);
    }
  });
  const server = {
    pid: child.pid,
    request: (method, params) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        send({ id, method, params });
      }),
    notify: (method, params) => send({ method, params }),
    /** The first message of the server of which `wanted` makes something; listens from now on. */
    hears: (wanted) =>
      new Promise((resolve) => {
        const listener = (message) => {
          const found = wanted(message);
          if (found === undefined) return;
          listeners.delete(listener);
          resolve(found);
        };
        listeners.add(listener);
      }),
    kill: (signal) =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill(signal);
      }),
  };
  await server.request('initialize', {
    processId: process.pid,
    rootUri: pathToFileURL(path.resolve(folder)).href,
    workspaceFolders: null,
    capabilities: { workspace: { codeLens: { refreshSupport: true }, semanticTokens: { refreshSupport: true } } },
    initializationOptions: { trust: 'trusted', tags: 'client', hovers: 'html', locale: 'en' },
  });
  server.notify('initialized', {});
  return server;
}
