// Runs one mocha suite inside the extension host, and writes what came of it to a file: VS Code calls `run()`. Bundled as
// CommonJS beside the suites in out-test-host/. It must not know a browser; only suites here may import `vscode`.
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { type HostResult, type HostTest, hostVariables } from '../support/hostResult';

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

/** A file that is there is complete: the other side polls for it. */
function writeResult(result: HostResult): void {
  const file = variable(hostVariables.result);
  writeFileSync(`${file}.part`, JSON.stringify(result));
  renameSync(`${file}.part`, file);
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Resolves when every test passed; rejects otherwise, which gives VS Code the exit code 1. */
export async function run(): Promise<void> {
  const tests: HostTest[] = [];
  try {
    // Mocha is an ES module, and this one is not.
    const { default: Mocha } = await import('mocha');
    // Base prints nothing: the outer run reports each test, and a second summary would be counted twice.
    const reporter = Mocha.reporters.Base;
    const mocha = new Mocha({ ui: 'bdd', timeout: 120_000, forbidOnly: true, reporter });
    mocha.addFile(path.join(__dirname, `${variable(hostVariables.suite)}.test.cjs`));
    await mocha.loadFilesAsync();
    await new Promise<void>((resolve) => {
      mocha
        .run(() => resolve())
        .on('pass', (test) => tests.push({ title: test.titlePath(), state: 'passed', duration: test.duration ?? 0 }))
        .on('pending', (test) => tests.push({ title: test.titlePath(), state: 'pending', duration: 0 }))
        // A hook that fails has no test of its own and is listed by its name.
        .on('fail', (test, error) =>
          tests.push({
            title: test.titlePath(),
            state: 'failed',
            duration: test.duration ?? 0,
            error: describeError(error),
          }),
        );
    });
    writeResult({ tests });
  } catch (error) {
    writeResult({ tests, error: describeError(error) });
    throw error;
  }
  const failed = tests.filter(({ state }) => state === 'failed').length;
  if (failed > 0) throw new Error(`${failed} of ${tests.length} tests failed`);
}
