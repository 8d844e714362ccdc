// Makes the Python environment of the yardsticks in .cache/peers/: a virtual environment with PyTorch, transformers,
// peft, kronfluence, bergson and bm25s. `npm run bench -- --peers` and the comparisons of influence need it, nothing
// else does. Arguments are handed to pip (an index of CPU-only builds of torch, for example).
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '..', '..');
const folder = path.join(root, '.cache', 'peers');
const python = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 2, 2] }).status === 0;
}

function main() {
  const creator = ['python3', 'python', 'py'].find(
    (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
  );
  if (creator === undefined) return 'Python was not found. Install Python 3.10 or later and run this again.';
  if (!succeeds(creator, ['-m', 'venv', folder]))
    return `${creator} could not make a virtual environment in ${folder}.`;
  const lists = [
    ['-r', path.join(here, 'requirements.txt')],
    // These ask for torchvision and torchaudio, which nothing here uses and whose builds seldom fit a CPU-only torch.
    ['--no-deps', '-r', path.join(here, 'requirementsAlone.txt')],
  ];
  for (const list of lists) {
    if (!succeeds(python, ['-m', 'pip', 'install', ...list, ...process.argv.slice(2)]))
      return 'pip could not install the yardsticks; its message is above.';
  }
  console.log(`The yardsticks are ready: npm run bench -- --peers uses ${python}.`);
  return undefined;
}

const failure = main();
if (failure !== undefined) {
  console.error(failure);
  process.exitCode = 1;
}
