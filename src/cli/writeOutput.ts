import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { inputError } from '../protocol/errors';
import type { MemoryUse } from '../protocol/jobs';
import type { DataProblem, Warning } from '../protocol/requests';

/** Writes bytes to a file as a whole or not at all. */
export async function writeFileAtomically(file: string, data: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(path.resolve(file)), { recursive: true });
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** One JSON document on stdout, indented on a terminal only. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, process.stdout.isTTY ? 2 : undefined)}\n`);
}

/** Refuses an `--out` whose ending is not among the formats, before anything is computed. */
export function requireEnding(out: string | undefined, endings: readonly string[]): void {
  if (out === undefined || endings.some((ending) => out.toLowerCase().endsWith(ending))) return;
  throw inputError('out-format', `--out ${out} has an unknown ending.`, `Use one of ${endings.join(', ')}.`);
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
