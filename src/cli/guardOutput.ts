import { exitCodes } from '../protocol/errors';

/**
 * What happens when a result can no longer be written. A reader that left early (`| head`) ends the command quietly, as
 * it ends other tools; a full disk or the like is said in one sentence. Nobody reading stderr is no failure.
 */
export function guardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(`whence: The result could not be written to stdout: ${error.message}.\n`);
    process.stderr.write('        Make room there, or write the result elsewhere with --out.\n');
    process.exit(exitCodes.badInput);
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(exitCodes.badInput);
  });
}
