import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { makeFolder, requireWritable, writeAtomically, writeFully } from '../data/writeFile';
import { inputError } from '../protocol/errors';
import type { MemoryUse } from '../protocol/jobs';
import type { DataProblem, DataSource, Warning } from '../protocol/requests';

/** Writes bytes to a file as a whole or not at all. */
export async function writeFileAtomically(file: string, data: string | Uint8Array): Promise<void> {
  makeFolder(path.dirname(path.resolve(file)));
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  await writeAtomically(file, (descriptor) => writeFully(descriptor, bytes));
}

/** One JSON document on stdout, indented on a terminal only. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, process.stdout.isTTY ? 2 : undefined)}\n`);
}

/** Refuses an `--out` that is no format of this command or cannot be written, before anything is computed. */
export function requireOutput(out: string | undefined, endings: readonly string[]): void {
  if (out === undefined) return;
  if (!endings.some((ending) => out.toLowerCase().endsWith(ending))) {
    throw inputError('out-format', `--out ${out} has an unknown ending.`, `Use one of ${endings.join(', ')}.`);
  }
  requireWritable(path.resolve(out));
}

/** Refuses an `--out` that is one of the files that are read. */
export function refuseOverwriting(out: string | undefined, data: readonly DataSource[]): void {
  if (out === undefined || !existsSync(out)) return;
  const target = realpathSync(out);
  const source = data.find((file) => realpathSync(file.path) === target);
  if (source === undefined) return;
  throw inputError('out-is-input', `--out ${out} is the data file ${source.label} itself.`, 'Name another file.');
}

/** Most problems that are listed one by one. */
const listedProblems = 20;

/** Problems and warnings for people, on stderr. */
export function printProblems(problems: readonly DataProblem[], warnings: readonly Warning[]): void {
  for (const { severity, message, next } of problems.slice(0, listedProblems)) {
    process.stderr.write(`${severity}: ${message} ${next}\n`);
  }
  if (problems.length > listedProblems) {
    process.stderr.write(`… and ${problems.length - listedProblems} more problems; --json lists them all.\n`);
  }
  for (const { message } of warnings) process.stderr.write(`warning: ${message}\n`);
}

/** `on cpu, 12.3 s, 410 MB of memory`: what every result for people ends with. Why this device is in `--json` and `doctor`. */
export function describeRun(
  device: { readonly device: string } | undefined,
  seconds: number,
  memory: MemoryUse,
): string {
  const where = device === undefined ? '' : `on ${device.device}, `;
  return `${where}${seconds.toFixed(1)} s, ${Math.round(memory.peakBytes / 1e6)} MB of memory`;
}
