// Runs the Python yardsticks of influence on a job and gives back their results. Rows and queries go over as token ids,
// so that both sides of a comparison see the same ones. The fields of a job are told in jobs.py, ekfac.py and
// gradients.py. Paths are relative to the repository root, the folder that benchmarks run in: this file may be bundled.
// It computes nothing itself.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const programs = path.join('bench', 'peers');
const scratchRoot = path.resolve('.cache', 'peers-jobs');

/** Python of the yardsticks: `WHENCE_PEERS_PYTHON`, or the environment that setup.mjs makes. */
export function peerPython() {
  const made = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';
  const python = process.env.WHENCE_PEERS_PYTHON ?? path.join('.cache', 'peers', made);
  if (!existsSync(python))
    throw new Error(`${python} is not there: npm run bench:peers makes it, or name one in WHENCE_PEERS_PYTHON`);
  return python;
}

/**
 * kronfluence's scores.
 *
 * @param job `{ model, adapter, rows, queries, modules, factors, damping, labelsIn, labelsOut, rowBatch, queryBatch,
 *   threads, seed, folder }`; `rows` and `queries` are files or arrays of what their lines hold
 * @returns the result that ekfac.py describes: `{ scores[query][row], queries, seconds, peakMemoryMiB, factorsMiB, ... }`
 */
export function runEkfac(job) {
  return runPeer('ekfac.py', job);
}

/**
 * Scores by plain differentiation, one row at a time.
 *
 * @param job as for `runEkfac`, with `methods`, `layer`, `labelsIn` and `damping` in place of the factors' fields
 * @returns the result that gradients.py describes: `{ scores[method][query][row], selfInfluence, ... }`
 */
export function runGradients(job) {
  return runPeer('gradients.py', job);
}

async function runPeer(program, job) {
  mkdirSync(scratchRoot, { recursive: true });
  const scratch = mkdtempSync(path.join(scratchRoot, 'job-'));
  try {
    const out = path.join(scratch, 'result.json');
    const file = path.join(scratch, 'job.json');
    const rows = asFile(job.rows, path.join(scratch, 'rows.jsonl'));
    const queries = asFile(job.queries, path.join(scratch, 'queries.jsonl'));
    writeFileSync(file, JSON.stringify({ ...job, rows, queries, out }));
    await run(peerPython(), [path.join(programs, program), file]);
    return JSON.parse(readFileSync(out, 'utf8'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function asFile(linesOrFile, file) {
  if (typeof linesOrFile === 'string') return path.resolve(linesOrFile);
  writeFileSync(file, linesOrFile.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

/** Rejects with the end of what the program said. */
function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      // Threads that wait passively: spinning ones cost several times the time where other work shares the cores.
      env: { OMP_WAIT_POLICY: 'PASSIVE', ...process.env, PYTHONWARNINGS: 'ignore' },
    });
    let said = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => {
      said = (said + text).slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`${path.basename(args[0])} ended with ${status}:\n${said}`));
    });
  });
}
