// A copy of the sample workspace and whence commands in it, whose JSON results are kept by what they were asked of.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const sample = path.join(root, 'samples', 'assistant');
const folder = path.join(root, '.cache', 'truth');

/** A failed command, with the code of its error. */
export class CommandError extends Error {
  constructor(args, code, message) {
    super(`whence ${args.join(' ')}: ${message}`);
    this.code = code;
  }
}

/**
 * @returns `ask(args)`: the document of a command with --json; `whence(args)`: the same, kept; `keep(name, key, compute)`: anything else that is kept;
 *   `file(name, value)`: a JSON file in the workspace, for flags that take one; the workspace's folder, queries and truth
 */
export function openCommands() {
  const built = path.join(root, 'dist');
  // Copies, named by their content: what changes while this runs must not change what runs.
  const workspace = copyOf(sample, 'assistant');
  const program = copyOf(built, 'program');
  const subject = contentOf(sample) + contentOf(built);
  const results = path.join(folder, 'results');
  mkdirSync(results, { recursive: true });

  const keep = async (name, key, compute) => {
    const hash = createHash('sha256')
      .update(JSON.stringify([subject, name, key]))
      .digest('hex')
      .slice(0, 24);
    const kept = path.join(results, `${name}-${hash}.json`);
    if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8'));
    const value = await compute();
    writeFileSync(`${kept}.part`, JSON.stringify(value));
    renameSync(`${kept}.part`, kept);
    return value;
  };
  const ask = (...args) => run(program, workspace, args);
  const whence = (...args) => keep(args[0], args, () => ask(...args));
  const read = (name) => readFileSync(path.join(workspace, name), 'utf8');
  const lines = (name) =>
    read(name)
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line));
  return {
    whence,
    ask,
    keep,
    workspace,
    truth: lines('truth.jsonl'),
    kinds: JSON.parse(read('query-kinds.json')),
    queries: lines('queries.jsonl').map(({ id }) => id),
    baseQueries: lines('queries-base.jsonl').map(({ id }) => id),
    recipe: JSON.parse(read('recipe.json')),
    run: JSON.parse(read('models/tuned/whence-run/run.json')),
    // Named by content, so that a kept result is of this file.
    file(name, text) {
      const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
      const given = `${name}-${hash}.json`;
      writeFileSync(path.join(workspace, given), text);
      return given;
    },
  };
}

function copyOf(source, name) {
  const copy = path.join(folder, `${name}-${contentOf(source).slice(0, 12)}`);
  if (existsSync(copy)) return copy;
  const begun = `${copy}.${process.pid}.part`;
  cpSync(source, begun, { recursive: true, filter: (file) => path.basename(file) !== '.whence' });
  renameSync(begun, copy);
  return copy;
}

/** Of every file in a folder but maps. */
function contentOf(of) {
  const hash = createHash('sha256');
  for (const name of readdirSync(of, { recursive: true }).sort()) {
    const file = path.join(of, name);
    if (name.endsWith('.map') || name.startsWith('.whence')) continue;
    const bytes = readable(file);
    if (bytes !== undefined) hash.update(`${name}\n`).update(createHash('sha256').update(bytes).digest());
  }
  return hash.digest('hex');
}

function readable(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error.code === 'EISDIR') return undefined;
    throw error;
  }
}

function run(program, workspace, args) {
  const store = path.join(folder, 'store');
  const all = [path.join(program, 'cli.mjs'), ...args, '--json', '--yes', '--progress'];
  if (args[0] !== 'score') all.push('--store', store);
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} whence ${args.join(' ').slice(0, 160)}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, all, { cwd: workspace, stdio: ['ignore', 'pipe', 'pipe'] });
    const out = [];
    let said = '';
    child.stdout.on('data', (bytes) => out.push(bytes));
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => {
      if (process.stderr.isTTY) process.stderr.write(text);
      said = (said + text).slice(-8000);
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(Buffer.concat(out).toString('utf8')));
      else reject(failure(args, said));
    });
  });
}

function failure(args, said) {
  const at = said.lastIndexOf('{"error"');
  try {
    const { error } = JSON.parse(said.slice(at < 0 ? said.lastIndexOf('\n{') + 1 : at));
    return new CommandError(args, error.code, error.message);
  } catch {
    return new CommandError(args, 'unknown', said.slice(-1000));
  }
}
