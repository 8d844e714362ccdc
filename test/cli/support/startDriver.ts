import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { DriverAnswer, DriverOrder } from './driver.child';
import { cliEnvironment } from './runCli';

const driver = path.resolve('out-test/cli/support/driver.child.mjs');

/** Longest that one case may take, milliseconds: only a hang comes near it. */
const watchdog = 30_000;

export type Driven = DriverAnswer | 'hung' | 'died';

/** A process that runs one command after the other; a new one takes its place after a hang or a crash. */
export interface Driver {
  run(order: DriverOrder): Promise<Driven>;
  stop(): void;
}

export function startDriver(cache: string): Driver {
  let child: ChildProcess | undefined;
  const start = (): ChildProcess => {
    child ??= fork(driver, [], { env: cliEnvironment(cache), stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    return child;
  };
  const stop = (): void => {
    child?.kill('SIGKILL');
    child = undefined;
  };
  return {
    run: (order) =>
      new Promise((resolve) => {
        const at = start();
        const end = (driven: Driven): void => {
          clearTimeout(timer);
          at.removeAllListeners('message');
          at.removeAllListeners('exit');
          if (typeof driven === 'string') stop();
          resolve(driven);
        };
        const timer = setTimeout(() => end('hung'), watchdog);
        at.once('message', (answer: DriverAnswer) => end(answer));
        at.once('exit', () => end('died'));
        at.send(order);
      }),
    stop,
  };
}
