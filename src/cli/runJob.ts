import { fileURLToPath } from 'node:url';
import { createJobRunner, type JobOptions, type JobRunner } from '../jobs/createJobRunner';
import type { JobKind, JobOutcome, Jobs } from '../protocol/jobs';
import type { GlobalFlags } from './globalFlags';
import { createProgressDisplay, type ProgressDisplay } from './progress';

/** The engine's bundle lies beside the command line's. */
const engineModule = fileURLToPath(new URL('./engine.mjs', import.meta.url));

/** Times a job that can be resumed is started again after its engine died. */
const restarts = 3;

/** Jobs that find what they did before. */
const resumable: readonly JobKind[] = ['train', 'verify', 'evaluate', 'probe', 'prunePropose', 'pruneApply'];

/** Seconds that an engine waits for the next job of the same command. */
const idleSeconds = 60;

let shared: JobRunner | undefined;

/** One engine serves all jobs of a command, its model loaded once. It never outlives this process. */
function jobRunner(): JobRunner {
  if (shared !== undefined) return shared;
  const runner = createJobRunner({ engineModule, environment: {}, idleSeconds });
  process.once('exit', () => void runner.close());
  shared = runner;
  return runner;
}

/** Runs one job with progress on stderr. Ctrl-C kills the engine at once; the same command resumes. */
export async function runJob<K extends JobKind>(
  request: Jobs[K]['request'] & { readonly kind: K },
  flags: GlobalFlags,
  onEvent: (event: unknown, display: ProgressDisplay) => void,
): Promise<JobOutcome<Jobs[K]['result']>> {
  const display = createProgressDisplay(flags);
  const cancel = new AbortController();
  const abort = (): void => cancel.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  const onCrash: JobOptions<Jobs[K]['request']>['onCrash'] = resumable.includes(request.kind)
    ? { kind: 'restart', restarts, resume: (same) => same }
    : { kind: 'fail' };
  try {
    return await jobRunner().run(request, {
      engineKey: 'cli',
      signal: cancel.signal,
      onProgress: (progress) => display.show(progress),
      onEvent: (event) => onEvent(event, display),
      onLog: (level, text) => {
        if (level === 'warning' && !flags.quiet && !flags.json) process.stderr.write(`note: ${text}\n`);
      },
      onCrash,
    });
  } finally {
    display.stop();
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  }
}
