import { UserError } from '../protocol/errors';
import type { JobRequest } from '../protocol/jobs';
import type { EngineExit } from './engineProcess';

/** The error for a job whose engine died: how it died, its last words, and what to do about that kind of death. */
export function crashError(request: JobRequest, exit: EngineExit): UserError {
  const { signal, code, lastWords, badMessage } = exit;
  const words = lastWords === '' ? '' : ` Its last words: ${lastWords.split('\n').slice(-3).join(' ').slice(-600)}`;
  if (badMessage !== undefined) {
    return engineFailed('engine-message', `The engine sent something unreadable: ${badMessage}.`, report);
  }
  if (signal === 'SIGKILL') {
    return engineFailed(
      'engine-killed',
      `The engine was killed (signal SIGKILL) while it worked on "${request.kind}".`,
      'If nobody did that, the system ran out of memory: use a smaller batch size, close other programs, and run the same command again.',
    );
  }
  if (signal !== null || (code !== null && code > 128)) {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const elsewhere = request.compute.device === 'cpu' ? report : `Use the device cpu. ${report}`;
    return engineFailed('engine-crashed', `The engine crashed (${how}) in "${request.kind}".${words}`, elsewhere);
  }
  if (code === null)
    return engineFailed('engine-not-started', `The engine does not start.${words}`, 'Install Whence again.');
  return engineFailed('engine-ended', `The engine ended (exit code ${code}) in "${request.kind}".${words}`, report);
}

const report = 'Run the same command again; if it happens twice, please report it with this text.';

function engineFailed(code: string, message: string, next: string): UserError {
  return new UserError({ kind: 'engineFailed', code, message, next });
}
