// Runs the suites in a workbench (`npm run test:e2e`), after their set-up. On systems without a web workbench it runs those
// that a desktop VS Code (`WHENCE_VSCODE`) can run, and without one it says that nothing of the editor was tested.
import { spawnSync } from 'node:child_process';
import { supported } from './setUp.mjs';

function run(args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

// Three waits of two minutes, for a busy machine; a suite on a free one takes seconds.
const mocha = ['node_modules/mocha/bin/mocha.js', '--timeout', '360000', 'out-test/e2e/**/*.test.mjs'];

if (supported) {
  run(['test/e2e/setUp.mjs']);
  run(mocha);
} else if (process.env.WHENCE_VSCODE !== undefined) {
  run([...mocha, '--grep', 'in the extension host']);
} else {
  process.stdout.write(
    'The editor was not tested: a web workbench is set up on Linux only. WHENCE_VSCODE names a desktop VS Code instead.\n',
  );
}
