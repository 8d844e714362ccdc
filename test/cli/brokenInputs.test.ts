import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { assertGolden } from '../support/golden';
import { allCases } from './brokenInputs/allCases';
import { type BrokenCase, writeSound } from './brokenInputs/brokenCase';
import type { DriverAnswer } from './support/driver.child';
import { inParallel, runCli } from './support/runCli';
import { snapshot } from './support/snapshot';
import { startDriver } from './support/startDriver';

/** The engine on the CPU, one thread: what is tested is what it says, not how fast. */
const quick = ['--device', 'cpu', '--threads', '1'];
const computing = new Set(['ask', 'score', 'train', 'inspect']);

interface Report {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

describe('broken inputs', function () {
  this.timeout(600_000);
  let scratch: string;
  const folderOf = (index: number): string => path.join(scratch, 'cases', String(index));
  const argsOf = ({ args }: BrokenCase): string[] =>
    computing.has(args[0]!) && !args.includes('--device') && !args.includes('--threads')
      ? [args[0]!, ...quick, ...args.slice(1)]
      : [...args];

  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-broken-'));
    writeSound(path.join(scratch, 'sound'));
    for (const index of allCases.keys()) mkdirSync(folderOf(index), { recursive: true });
  });
  after(() => rmSync(scratch, { recursive: true }));

  it('there are at least 200, each with a name of its own', () => {
    assert.ok(allCases.length >= 200, `${allCases.length}`);
    assert.equal(new Set(allCases.map(({ name }) => name)).size, allCases.length);
  });

  it('each is refused with a clear error and nothing is touched, or its sound rows are used and the bad ones named', async () => {
    const driver = startDriver(path.join(scratch, 'cache'));
    const sound = snapshot(path.join(scratch, 'sound'));
    const faults: string[] = [];
    const golden: string[] = [];
    let peakBytes = 0;
    for (const [index, broken] of allCases.entries()) {
      const folder = folderOf(index);
      broken.write(folder);
      const before = snapshot(folder);
      const started = performance.now();
      const answer = await driver.run({ args: withJson(argsOf(broken)), cwd: folder });
      if (process.env.WHENCE_SHOW_BROKEN)
        process.stderr.write(
          `${Math.round(performance.now() - started)} ms ${typeof answer === 'string' ? 0 : Math.round(answer.peakBytes / 1e6)} MB ${broken.name}\n`,
        );
      if (typeof answer === 'string') {
        faults.push(`${broken.name}: ${answer}`);
        continue;
      }
      peakBytes = Math.max(peakBytes, answer.peakBytes);
      const { fault, told } =
        broken.outcome === 'refused' ? checkRefusal(broken, answer) : checkProblems(broken, answer);
      if (fault !== undefined) faults.push(`${broken.name}: ${fault.slice(0, 400)}`);
      golden.push(broken.name, ...told.map((line) => `    ${shown(line, folder)}`), '');
      if (!sameEntries(before, snapshot(folder))) faults.push(`${broken.name}: files were touched`);
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
    }
    driver.stop();
    if (process.env.WHENCE_UPDATE_GOLDEN === '1') assertGolden('cli/broken-inputs.txt', golden.join('\n'));
    assert.ok(faults.length === 0, `\n${faults.join('\n')}`);
    assert.ok(sameEntries(sound, snapshot(path.join(scratch, 'sound'))), 'sound inputs were touched');
    assert.ok(peakBytes < 1.5e9, `${peakBytes} bytes at the peak`);
    const left = [...snapshot(path.join(scratch, 'cache')).keys()].filter((name) => /\.(part|tmp)$/.test(name));
    assert.deepEqual(left, []);
    assertGolden('cli/broken-inputs.txt', golden.join('\n'));
  });

  /** Without what differs from one machine to the next. */
  function shown(line: string, folder: string): string {
    return line
      .replaceAll(folder, 'FOLDER')
      .replaceAll(scratch, 'SCRATCH')
      .replace(/SCRATCH\/cases\/\d+/g, 'WORKING-FOLDER')
      .replace(`${process.platform}-${process.arch}`, 'PLATFORM')
      .replace(/^Ask for one of: auto.*/, 'Ask for one of: …')
      .replace(/(cannot be used as an expression): .*/, '$1: …')
      .replace(/(was stopped)(:| after) .*/, '$1 …');
  }

  it('in a process of its own, every seventh is refused in the same way, in words for people', async () => {
    const chosen = [...allCases.entries()].filter(([index, { outcome }]) => outcome === 'refused' && index % 7 === 1);
    assert.ok(chosen.length >= 60, `${chosen.length}`);
    const faults = await inParallel(chosen.length, 2, async (i) => {
      const [index, broken] = chosen[i]!;
      const folder = folderOf(index);
      broken.write(folder);
      const before = snapshot(folder);
      const { code, stdout, stderr } = await runCli(argsOf(broken), {
        cwd: folder,
        cache: path.join(scratch, 'cache'),
      });
      const found: string[] = [];
      if (code !== 2) found.push(`${broken.name}: exit code ${code}`);
      if (stdout !== '') found.push(`${broken.name}: stdout ${stdout}`);
      if (!/^(whence|error): \S/m.test(stderr) || /\n\s+at /.test(stderr))
        found.push(`${broken.name}: stderr ${stderr}`);
      if (!stderr.includes(broken.names)) found.push(`${broken.name}: does not name ${broken.names}: ${stderr}`);
      if (!sameEntries(before, snapshot(folder))) found.push(`${broken.name}: files were touched`);
      return found;
    });
    assert.deepEqual(faults.flat(), []);
  });
});

/** Right after the command, where no flag can take it for its value. */
function withJson([command, ...rest]: readonly string[]): string[] {
  return [command!, '--json', ...rest];
}

function sameEntries(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, state]) => b.get(name) === state);
}

interface Verdict {
  readonly fault: string | undefined;
  /** What the user is told. */
  readonly told: readonly string[];
}

function checkRefusal({ names }: BrokenCase, { code, stdout, stderr }: DriverAnswer): Verdict {
  const told = tellOf(stderr);
  if (told === undefined)
    return { fault: `stderr is not one error document: ${stderr.slice(0, 2000)}`, told: [stdout.slice(0, 300)] };
  const lines = [`${told.code}: ${told.message}`, told.next];
  if (code !== 2) return { fault: `exit code ${code}: ${lines.join(' ')}`, told: lines };
  if (stdout !== '') return { fault: `stdout is not empty: ${stdout.slice(0, 300)}`, told: lines };
  const { message, next } = told;
  if (!`${message} ${next}`.includes(names))
    return { fault: `does not name ${names}: ${lines.join(' ')}`, told: lines };
  if (!/^\p{Lu}.{9}/su.test(next) || next.length > 2000) return { fault: `no next step: ${next}`, told: lines };
  if (message.length > 2000) return { fault: `${message.length} characters`, told: [] };
  return { fault: undefined, told: lines };
}

function tellOf(stderr: string): Report | undefined {
  const lines = stderr.trimEnd().split('\n');
  if (lines.length !== 1 || !stderr.startsWith('{"error":')) return undefined;
  return (JSON.parse(stderr) as { error: Report }).error;
}

interface Row {
  readonly row: number;
}
interface Problem extends Report, Row {
  readonly file: string;
}

function checkProblems({ names }: BrokenCase, { code, stdout, stderr }: DriverAnswer): Verdict {
  if (code !== 0) return { fault: `exit code ${code}: ${stderr.slice(0, 1000)}`, told: [] };
  const { rows, problems } = JSON.parse(stdout) as { rows: readonly Row[]; problems: readonly Problem[] };
  const told = [
    `${rows.length} rows`,
    ...problems.flatMap((problem) => [`${problem.code}: ${problem.message}`, problem.next]),
  ];
  if (rows.length === 0) return { fault: 'no row was used', told };
  if (problems.length === 0) return { fault: 'no problem is told', told };
  const silent = problems.find((problem) => !problem.message.includes(names) || problem.next === '');
  return { fault: silent === undefined ? undefined : `a problem that does not name ${names}: ${silent.message}`, told };
}
