import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { HostResult, HostTest } from './hostResult';
import { runInWorkbench } from './runInWorkbench';
import type { WorkbenchOptions } from './startWorkbench';

const program = path.resolve('out-test', 'e2e', 'support', 'hostSuite.child.mjs');

/** In a new namespace even 127.0.0.1 is down at first. */
const loopbackUp = 'ip link set lo up && exec "$@"';
const unshare = ['--map-root-user', '--net', 'sh', '-c', loopbackUp, 'sh'];

/**
 * Runs one suite, with its server and its browser, in a network namespace that reaches nothing but itself. Where the
 * system lets nobody make one, the suite runs with the network, and a pending test says so.
 */
export async function runWithoutNetwork(
  suite: string,
  options: WorkbenchOptions,
  temporaryFolder: string,
): Promise<HostResult> {
  if (spawnSync('unshare', [...unshare, 'true'], { stdio: 'ignore' }).status !== 0) {
    const pending: HostTest = {
      title: ['no namespace without a network can be made here'],
      state: 'pending',
      duration: 0,
    };
    const { tests } = await runInWorkbench(suite, options);
    return { tests: [...tests, pending] };
  }
  const resultFile = path.join(temporaryFolder, 'result.json');
  const environment = { ...options.environment, WHENCE_E2E_NETWORK: 'denied' };
  const task = JSON.stringify({ suite, resultFile, options: { ...options, environment } });
  await promisify(execFile)('unshare', [...unshare, process.execPath, program, task], { maxBuffer: 1 << 26 });
  return JSON.parse(readFileSync(resultFile, 'utf8')) as HostResult;
}
