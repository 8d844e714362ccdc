import { checkEngineCommand, MessageError } from '../protocol/checkMessage';
import { inputError, internalError, UserError } from '../protocol/errors';
import type { EngineCommand, EngineReply, JobOutcome } from '../protocol/jobs';
import { createSessionCache } from '../runtime/sessionCache';
import { createJobContext } from './jobContext';
import type { Job, JobLoader } from './jobTable';
import { measuredAs, startMemorySampler } from './memorySampler';
import { createResidents } from './residents';

/** Handlers by kind, of whatever requests and results. */
type AnyJobTable = Readonly<Record<string, JobLoader<unknown, unknown>>>;

/**
 * Sessions alive in one engine, at most: each holds its workspace. A query needs five of a shape, and queries rarely come
 * in more than two.
 */
const sessionsAlive = { sized: 12, others: 2 };

/**
 * Answers the parent's commands until it says stop, disconnects or dies, or until nothing was asked for `idleSeconds`.
 * One job at a time; `session.run` blocks, so a job is stopped by killing the process.
 */
export function serveJobs(table: AnyJobTable): void {
  if (process.send === undefined) throw internalError('the engine is started by Whence, not by hand');
  const send = (reply: EngineReply): void => {
    if (process.connected) process.send!(reply);
  };
  const sampler = startMemorySampler();
  const sessions = createSessionCache(sessionsAlive);
  const residents = createResidents();
  let state: 'idle' | 'busy' = 'idle';
  let idle: NodeJS.Timeout | undefined;

  const runJob = async ({ id, request }: Extract<EngineCommand, { type: 'run' }>): Promise<JobOutcome<unknown>> => {
    const load = Object.hasOwn(table, request.kind) ? table[request.kind] : undefined;
    if (load === undefined) {
      throw inputError(
        'job-unknown',
        `There is no job "${request.kind.slice(0, 60)}".`,
        'Update Whence: both sides must be of one version.',
      );
    }
    sampler.restart();
    const beforeBytes = sampler.peak().anonymousBytes;
    const start = performance.now();
    const { context, record } = createJobContext({ id, send, sessions, residents });
    const job: Job<unknown, unknown> = await load();
    const result = await job.run(job.check(request), context);
    const peak = sampler.peak();
    return {
      result,
      device: record().device,
      memory: {
        estimatedBytes: record().estimatedBytes,
        peakBytes: peak.anonymousBytes,
        beforeBytes,
        peakResidentBytes: peak.residentBytes,
        measuredAs,
      },
      seconds: (performance.now() - start) / 1000,
    };
  };

  const accept = async (command: Extract<EngineCommand, { type: 'run' }>): Promise<void> => {
    const { id, idleSeconds } = command;
    clearTimeout(idle);
    state = 'busy';
    send({ type: 'accepted', id });
    const reply = await runJob(command).then(
      (outcome): EngineReply => ({ type: 'result', id, outcome }),
      (error: unknown) => failure(id, error),
    );
    state = 'idle';
    idle = setTimeout(end, 1000 * idleSeconds);
    send(reply);
  };

  process.on('message', (message) => {
    const command = readCommand(message);
    if (command instanceof MessageError) {
      // Whoever sends this is no Whence of our version; there is nobody to answer.
      process.stderr.write(`whence engine: refused a message: ${command.message}\n`, () =>
        process.exit(badMessageExitCode),
      );
    } else if (command.type === 'stop') end();
    else if (state === 'busy') send(failure(command.id, internalError('the engine is busy with another job')));
    else void accept(command);
  });
  process.on('disconnect', end);
  // Ctrl-C reaches the whole process group; the parent decides what becomes of the job.
  process.on('SIGINT', () => undefined);
  send({ type: 'ready' });
}

/** Exit code after a message that could not be read. */
const badMessageExitCode = 65;

/** Everything worth keeping is on disk already: results are written by rename. */
function end(): void {
  process.exit();
}

function readCommand(message: unknown): EngineCommand | MessageError {
  try {
    return checkEngineCommand(message);
  } catch (error) {
    if (error instanceof MessageError) return error;
    throw error;
  }
}

function failure(id: number, error: unknown): EngineReply {
  if (error instanceof UserError) return { type: 'error', id, error: error.toData() };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { type: 'fault', id, stack: stack.slice(0, 65_536) };
}
