// Runs one suite of test/e2e/host/ inside a real extension host and gives what came of it.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { emptyExtension } from './extensions';
import { type HostResult, hostVariables } from './hostResult';
import { mapStack } from './mapStack';
import { openBrowser } from './openBrowser';
import type { Workbench } from './startWorkbench';
import { suiteTimeout, waitFor } from './waitFor';
import { developmentFolders, windowAddress } from './windowAddress';

/** The module that VS Code loads in the extension host; suites lie beside it. */
export const hostModule = path.resolve('out-test-host', 'index.cjs');

/**
 * Runs `test/e2e/host/<suite>.test.ts` in a window of the workbench.
 * Throws when the suite could not be loaded, wrote no result, or held no test: a suite that did not run has not passed.
 */
export async function runInHost(suite: string, workbench: Workbench): Promise<HostResult> {
  const resultFile = path.join(workbench.folder, `result-${suite.replaceAll('/', '-')}.json`);
  const said: string[] = [];
  try {
    await runTestsModule(workbench, {
      testsModule: hostModule,
      environment: { [hostVariables.suite]: suite, [hostVariables.result]: resultFile },
      hear: (text) => said.push(text),
    });
    return readResult(suite, resultFile);
  } catch (error) {
    throw new Error(`${suite} did not run in the host\n${said.slice(-40).join('\n')}\n${workbench.serverOutput()}`, {
      cause: error,
    });
  }
}

export interface TestsModuleRun {
  /** Absolute path of the module whose `run()` is called. */
  readonly testsModule: string;
  /** Variables of the extension host. */
  readonly environment: Readonly<Record<string, string>>;
  /** Gets each line of the window's console. */
  hear(text: string): void;
}

/** Opens a window that calls a module in its extension host, and gives the exit code: 0 where `run()` resolved. */
export async function runTestsModule(workbench: Workbench, run: TestsModuleRun): Promise<number> {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    let exit: number | undefined;
    await page.exposeFunction('codeAutomationLog', () => undefined);
    await page.exposeFunction('codeAutomationExit', (code: number) => {
      exit = code;
    });
    page.on('console', (message) => run.hear(message.text()));
    const folders = developmentFolders(workbench);
    await page.goto(
      windowAddress(workbench, {
        // VS Code runs tests only where an extension is under development.
        developmentFolders: folders.length > 0 ? folders : [emptyExtension.path],
        testsModule: run.testsModule,
        environment: run.environment,
      }),
    );
    return await waitFor(`${run.testsModule} to end`, () => exit, suiteTimeout);
  } finally {
    await browser.close();
  }
}

/** The same in a VS Code executable, through @vscode/test-electron: a desktop build, or the stand-in that opens a browser. */
export async function runInExecutable(
  suite: string,
  run: {
    readonly executable: string;
    readonly extensionFolder: string;
    readonly workspaceFolder: string;
    readonly temporaryFolder: string;
  },
): Promise<HostResult> {
  const resultFile = path.join(run.temporaryFolder, `result-${suite.replaceAll('/', '-')}.json`);
  const failed = await runTests({
    vscodeExecutablePath: run.executable,
    extensionDevelopmentPath: run.extensionFolder,
    extensionTestsPath: hostModule,
    extensionTestsEnv: { [hostVariables.suite]: suite, [hostVariables.result]: resultFile },
    launchArgs: [
      run.workspaceFolder,
      `--user-data-dir=${path.join(run.temporaryFolder, 'data')}`,
      `--extensions-dir=${path.join(run.temporaryFolder, 'extensions')}`,
    ],
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  // A failed test is told by its own error, which says more than the exit code.
  if (failed !== undefined && !existsSync(resultFile)) throw failed;
  return readResult(suite, resultFile);
}

function readResult(suite: string, resultFile: string): HostResult {
  if (!existsSync(resultFile)) throw new Error(`${suite} ended without a result`);
  const result = JSON.parse(readFileSync(resultFile, 'utf8')) as HostResult;
  if (result.error !== undefined) throw new Error(`${suite} could not be loaded: ${mapStack(result.error)}`);
  if (result.tests.length === 0) throw new Error(`${suite} holds no test`);
  // The extension host makes stacks of its own, without source maps.
  return {
    tests: result.tests.map((test) => (test.error === undefined ? test : { ...test, error: mapStack(test.error) })),
  };
}
