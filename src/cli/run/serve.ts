import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The server's bundle lies beside the command line's. */
const serverModule = fileURLToPath(new URL('./server.mjs', import.meta.url));

/** Hands standard input and output to the language server, and ends as it ends. */
export async function runServe(): Promise<void> {
  const child = spawn(process.execPath, [serverModule, '--stdio'], { stdio: 'inherit' });
  const stop = (signal: NodeJS.Signals): boolean => child.kill(signal);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  process.exitCode = code;
}
