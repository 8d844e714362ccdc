// One workbench: VS Code's server with a profile of its own in a temporary folder. It must not know a browser or a test
// framework, and leaves neither a process nor a file behind after `close()`.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { setUp, workbenchPaths } from '../setUp.mjs';
import { processGroupIsAlive, stopProcessGroup } from './processGroup';
import { defaultTimeout, waitFor } from './waitFor';

/** What is tested: a folder as it was built, or a package as users install it. */
export type ExtensionUnderTest =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'vsix'; readonly path: string };

/** `restricted` is VS Code's Restricted Mode: the workspace has not been trusted. */
export type Trust = 'trusted' | 'restricted';

export interface WorkbenchOptions {
  readonly extension: ExtensionUnderTest;
  /** Absolute path of the folder that is opened; a copy, since tests write into it (`copySample`). */
  readonly workspaceFolder: string;
  /** User settings, over the ones that keep a workbench quiet. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly trust: Trust;
  /** Variables that the server, and with it the extension host, gets beside a clean environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Workbench {
  readonly options: WorkbenchOptions;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  /** Process id of the server, which is the id of its process group. */
  readonly processId: number;
  /** Temporary folder: profile, extensions, home and cache of this workbench. */
  readonly folder: string;
  /** What the server has printed; extension host logs are under `folder`. */
  serverOutput(): string;
  /** Log files written so far, by path in the log folder: the extension host's, and one for each log channel of an extension. */
  logs(): readonly LogFile[];
  /** Replaces the added user settings, for windows that are opened afterwards. */
  writeSettings(settings: Readonly<Record<string, unknown>>): void;
  /** Ends every process of the workbench and removes its temporary folder. */
  close(): Promise<void>;
}

export interface LogFile {
  /** `<time>/exthost1/remoteexthost.log`, `<time>/exthost1/whence.whence/Whence.log` */
  readonly file: string;
  readonly text: string;
}

/** Settings that keep the workbench still: no pop-ups, no updates, no animation, nothing of other products. */
const quietSettings: Readonly<Record<string, unknown>> = {
  'workbench.startupEditor': 'none',
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.enableExperiments': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
  'git.enabled': false,
  'window.autoDetectColorScheme': false,
  'window.autoDetectHighContrast': false,
};

/** The variables a person's shell would give, without those of npm, mocha or an editor around us. */
function cleanEnvironment(folder: string): Record<string, string> {
  const kept = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'NODE_V8_COVERAGE', 'VK_ICD_FILENAMES', 'VK_DRIVER_FILES'];
  const environment: Record<string, string> = {
    HOME: path.join(folder, 'home'),
    TMPDIR: path.join(folder, 'tmp'),
    WHENCE_CACHE: path.join(folder, 'cache'),
    // No gallery: nothing is asked of the network. Port 9 is closed everywhere.
    EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: 'http://127.0.0.1:9', itemUrl: '', extensionUrlTemplate: '' }),
  };
  for (const name of kept) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Starts a workbench and waits until it answers. Throws with the server's output when it does not. */
export async function startWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  setUp();
  const { server, node } = workbenchPaths();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'whence-workbench-'));
  for (const name of ['home', 'tmp', 'cache', 'extensions', 'data/data/User', 'data/data/Machine'])
    mkdirSync(path.join(folder, name), { recursive: true });
  const writeSettings = (settings: Readonly<Record<string, unknown>>) =>
    writeFileSync(
      path.join(folder, 'data', 'data', 'User', 'settings.json'),
      JSON.stringify({ ...quietSettings, ...settings }, undefined, 2),
    );
  writeSettings(options.settings);
  const logs = () => readLogs(path.join(folder, 'data', 'data', 'logs'));
  const environment = { ...cleanEnvironment(folder), ...options.environment };
  const storage = ['--server-data-dir', path.join(folder, 'data'), '--extensions-dir', path.join(folder, 'extensions')];
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

  try {
    if (options.extension.kind === 'vsix') {
      const install = [server, ...storage, '--install-extension', path.resolve(options.extension.path)];
      await promisify(execFile)(node, install, { env: environment, timeout: defaultTimeout });
    }
  } catch (error) {
    remove();
    throw error;
  }

  const child = spawn(
    node,
    [
      server,
      ...['--host', '127.0.0.1', '--port', '0', '--without-connection-token', '--accept-server-license-terms'],
      ...storage,
      ...['--telemetry-level', 'off', '--disable-experiments', '--disable-telemetry', '--disable-update-check'],
      ...(options.trust === 'trusted' ? ['--disable-workspace-trust'] : []),
      // Without it the payload of the address (extension under development, tests, files) is ignored.
      '--enable-smoke-test-driver',
    ],
    // A group of its own, so that all of it can be ended, and nothing else.
    { cwd: folder, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const output = collectOutput(child);
  const processId = child.pid;
  if (processId === undefined) {
    remove();
    throw new Error(`the server did not start: ${node} ${server}`);
  }
  const endNow = () => {
    stopProcessGroup(processId, 'SIGKILL');
    remove();
  };
  process.once('exit', endNow);
  const close = async () => {
    await endGroup(child, processId);
    remove();
    process.removeListener('exit', endNow);
  };

  try {
    const port = await waitFor('the server to name its port', () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      return /listening on (?:127\.0\.0\.1:)?(\d+)/.exec(output())?.[1];
    });
    const url = `http://127.0.0.1:${port}`;
    await waitFor('the server to answer', async () => {
      const response = await fetch(`${url}/version`).catch(() => undefined);
      return response?.ok ? true : undefined;
    });
    return { options, url, port: Number(port), processId, folder, serverOutput: output, logs, writeSettings, close };
  } catch (error) {
    await close();
    throw new Error(`the workbench did not start\n${output()}`, { cause: error });
  }
}

function readLogs(folder: string): LogFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.log'))
    .map((file) => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }));
}

function collectOutput(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Asks the group to end, and makes it end after five seconds. */
async function endGroup(child: ChildProcess, group: number): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  stopProcessGroup(group, 'SIGTERM');
  const deadline = Date.now() + 5000;
  while (processGroupIsAlive(group) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  stopProcessGroup(group, 'SIGKILL');
  await ended;
}
