import { CommanderError } from 'commander';
import { type ErrorKind, exitCodes, UserError } from '../protocol/errors';

const exitCodeOf: { readonly [K in ErrorKind]: number } = {
  badInput: exitCodes.badInput,
  engineFailed: exitCodes.engineFailed,
  checkFailed: exitCodes.checkFailed,
  cancelled: exitCodes.cancelled,
};

/**
 * Prints an error on stderr (as one JSON document under `--json`) and gives the exit code. An error that is not meant
 * for the user is a fault of Whence: its stack is printed.
 */
export function reportFailure(error: unknown): number {
  const asJson = process.argv.includes('--json');
  if (error instanceof CommanderError) {
    // commander has printed its own text; help and version are no failure.
    if (error.exitCode === 0) return exitCodes.done;
    if (asJson)
      writeJson('usage', error.message.replace(/^error: /, ''), 'Run the command with --help to see its flags.');
    return exitCodes.badInput;
  }
  if (error instanceof UserError) {
    if (asJson) writeJson(error.code, error.message, error.next);
    else process.stderr.write(`whence: ${error.message}\n        ${error.next}\n`);
    return exitCodeOf[error.kind];
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const next = 'This is a fault of Whence: please report it with this text.';
  if (asJson) writeJson('internal', text, next);
  else process.stderr.write(`whence: ${text}\n        ${next}\n`);
  return exitCodes.engineFailed;
}

function writeJson(code: string, message: string, next: string): void {
  process.stderr.write(`${JSON.stringify({ error: { code, message, next } })}\n`);
}
