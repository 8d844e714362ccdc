/** A parent that starts a long job, prints its engine's process id and waits to be killed. */
import { createJobRunner } from '../../src/jobs/createJobRunner';

const [engineModule, kind] = process.argv.slice(2);
const runner = createJobRunner({ engineModule: engineModule!, environment: {}, idleSeconds: 600 });
const request = { kind, compute: { device: 'cpu', threads: 1, cacheFolder: '/nowhere' } };
await runner.run(request as never, {
  engineKey: 'orphan',
  signal: new AbortController().signal,
  onProgress: () => undefined,
  onEvent: (event) => {
    process.stdout.write(`${(event as { pid: number }).pid}\n`);
  },
  onLog: () => undefined,
  onCrash: { kind: 'fail' },
});
