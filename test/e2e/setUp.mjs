// Makes a real workbench available: VS Code's server and web client (npm's code-server), the Node that it needs (npm's
// node-linux-*), and Chromium from the distribution. Everything but Chromium lies in `.cache/workbench/<key>/`, made once
// in a temporary folder beside it and renamed when complete, so a half-made workbench is never used. It must not touch the
// repository's own node_modules, and it starts no workbench: `support/startWorkbench.ts` does that.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const versions = { node: '24.21.0', codeServer: '4.139.1' };
/** Raised when the steps below change, so that what older steps made is not used. */
const recipe = 1;
/** Native modules that the server cannot do without: without spdlog there are no output channels. */
const nativeModules = ['@vscode/spdlog', '@vscode/native-watchdog'];
/** Parts of code-server that no test uses, 90 MB. */
const unusedFolders = ['extensions/copilot', 'node_modules/@github', 'node_modules/@vscode/copilot-api'];

const aptInstall = (packages) => `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;

export const supported = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

const nodePackage = `node-${process.platform}-${process.arch}`;
const key = createHash('sha256')
  .update(JSON.stringify({ recipe, ...versions, nodePackage, nativeModules, unusedFolders }))
  .digest('hex')
  .slice(0, 12);
/** `WHENCE_WORKBENCH_CACHE` lets several checkouts share one workbench. */
const cache = path.resolve(process.env.WHENCE_WORKBENCH_CACHE ?? path.join('.cache', 'workbench'));
const folder = path.join(cache, key);

/** Where the parts of the workbench lie; they exist after `setUp`. */
export function workbenchPaths(base = folder) {
  const vscode = path.join(base, 'node_modules', 'code-server', 'lib', 'vscode');
  return {
    vscode,
    server: path.join(vscode, 'out', 'server-main.js'),
    node: path.join(base, 'node_modules', nodePackage, 'bin', 'node'),
    chromium: chromiumPath(),
  };
}

function onPath(names) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return names.flatMap((name) => folders.map((entry) => path.join(entry, name))).find((file) => existsSync(file));
}

/** `WHENCE_CHROMIUM`, or the distribution's. */
function chromiumPath() {
  return (
    process.env.WHENCE_CHROMIUM ?? onPath(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])
  );
}

class SetUpError extends Error {}

/** npm's own variables would hand its settings (`ignore-scripts`) and this package's name on to the inner installs. */
function cleanEnvironment(added) {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(kept), ...added };
}

function execute(command, args, cwd, added = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: cleanEnvironment(added),
  });
  if (error !== undefined) throw new SetUpError(`${command}: ${error.message}`);
  if (status !== 0)
    throw new SetUpError(
      `\`${command} ${args.join(' ')}\` in ${cwd} ended with ${status}:\n${stdout.slice(-2000)}${stderr.slice(-4000)}`,
    );
}

function installFromDistribution(packages) {
  const command = aptInstall(packages);
  const hasApt = onPath(['apt-get']) !== undefined;
  if (hasApt) {
    process.stdout.write(`installing for the workbench tests: ${command}\n`);
    const isRoot = process.getuid?.() === 0;
    const { status } = spawnSync(isRoot ? 'sh' : 'sudo', isRoot ? ['-c', command] : ['-n', 'sh', '-c', command], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status === 0) return;
  }
  throw new SetUpError(
    `The workbench tests need ${packages.join(', ')}, which could not be installed. Run this as root:\n  ${command}`,
  );
}

function ensureDistributionPackages() {
  const missing = [];
  if (chromiumPath() === undefined) missing.push('chromium');
  if (!existsSync(folder)) {
    if (onPath(['g++']) === undefined) missing.push('g++');
    if (onPath(['make']) === undefined) missing.push('make');
    if (onPath(['python3']) === undefined) missing.push('python3');
  }
  if (missing.length > 0) installFromDistribution(missing);
  if (chromiumPath() === undefined)
    throw new SetUpError('Chromium is not on the PATH. Install it, or name its executable in WHENCE_CHROMIUM.');
}

function makeWorkbench() {
  // The process id keeps two set-ups at the same time apart.
  const making = path.join(cache, `making-${key}-${process.pid}`);
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  try {
    process.stdout.write('making a workbench for the tests (about two minutes, 650 MB, once)\n');
    writeFileSync(path.join(making, 'package.json'), JSON.stringify({ private: true }));
    const npm = (args, cwd) => execute('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], cwd);
    npm(['install', `${nodePackage}@${versions.node}`, `code-server@${versions.codeServer}`], making);
    const { vscode, node } = workbenchPaths(making);
    // Not `npm ci`: code-server's shrinkwrap is out of step with its package.json. No scripts: kerberos would need headers.
    npm(['install', '--omit=dev'], vscode);
    npm(['install', '--omit=dev'], path.join(vscode, 'extensions'));
    const nodeFolder = path.dirname(path.dirname(node));
    execute(
      'npm',
      ['rebuild', ...nativeModules, '--ignore-scripts=false', '--foreground-scripts', `--nodedir=${nodeFolder}`],
      vscode,
      { PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` },
    );
    requireBuilt(vscode, node);
    for (const unused of unusedFolders) rmSync(path.join(vscode, unused), { recursive: true, force: true });
    publish(making);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function requireBuilt(vscode, node) {
  for (const name of nativeModules) execute(node, ['-e', `require(${JSON.stringify(name)})`], vscode);
}

/** A second set-up may have been quicker; its workbench is as good. */
function publish(making) {
  try {
    renameSync(making, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

function removeOutdated() {
  for (const name of readdirSync(cache))
    if (/^[0-9a-f]{12}$/.test(name) && name !== key) rmSync(path.join(cache, name), { recursive: true, force: true });
}

/** Makes what is missing. Throws with the command to run where something cannot be installed. */
export function setUp() {
  if (!supported) {
    throw new SetUpError(
      'The web workbench is set up on Linux (x64, arm64) only. Elsewhere WHENCE_VSCODE names a desktop VS Code for the suites in the host.',
    );
  }
  ensureDistributionPackages();
  if (existsSync(folder)) return;
  makeWorkbench();
  removeOutdated();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    setUp();
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
