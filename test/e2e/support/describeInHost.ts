import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Mocha from 'mocha';
import { supported } from '../setUp.mjs';
import { copySample } from './copySample';
import type { HostResult, HostTest } from './hostResult';
import { runInExecutable } from './runInHost';
import { runInWorkbench } from './runInWorkbench';
import { runWithoutNetwork } from './runWithoutNetwork';
import type { WorkbenchOptions } from './startWorkbench';
import { suiteTimeout } from './waitFor';

/** The workspace is a copy of the sample. */
export interface HostSuiteOptions extends Omit<WorkbenchOptions, 'workspaceFolder'> {
  /** `denied`: the whole run lives in a network namespace of its own with nothing but 127.0.0.1 (Linux). */
  readonly network: 'any' | 'denied';
  /** Done to the copy of the sample before it is opened. */
  readonly prepare?: (folder: string) => Promise<unknown>;
}

/**
 * Declares `test/e2e/host/<suite>.test.ts` as a suite of this mocha run: it runs once, inside the extension host of a
 * workbench of its own, and each of its tests passes or fails here under its own name with its own stack.
 * Where `WHENCE_VSCODE` names a desktop VS Code, suites over an extension's folder in a trusted workspace run there.
 */
export function describeInHost(suite: string, options: HostSuiteOptions): void {
  const declared = describe(`${suite} (in the extension host)`, () => {
    let result: HostResult | undefined;

    before('runs in the extension host', async function () {
      this.timeout(suiteTimeout);
      if (!supported && desktopFor(options) === undefined) this.skip();
      result = await runOnce(suite, options);
      for (const test of result.tests) addTest(declared, test);
    });

    // Mocha skips the hooks of a suite without tests; this one also says that nothing was skipped over.
    it('ran to its end', () => {
      assert.ok(result !== undefined && result.tests.length > 0);
    });
  });
}

/** The desktop VS Code in which the suite runs; undefined: none was named, or it cannot run there. */
function desktopFor({ extension, trust }: HostSuiteOptions): string | undefined {
  return extension.kind === 'folder' && trust === 'trusted' ? process.env.WHENCE_VSCODE : undefined;
}

async function runOnce(suite: string, { prepare, ...options }: HostSuiteOptions): Promise<HostResult> {
  const workspace = copySample();
  const temporaryFolder = mkdtempSync(path.join(os.tmpdir(), 'whence-host-'));
  const whole = { ...options, workspaceFolder: workspace.folder };
  try {
    await prepare?.(workspace.folder);
    const executable = desktopFor(options);
    if (executable !== undefined) {
      return await runInExecutable(suite, {
        executable,
        extensionFolder: options.extension.path,
        workspaceFolder: workspace.folder,
        temporaryFolder,
      });
    }
    return options.network === 'denied'
      ? await runWithoutNetwork(suite, whole, temporaryFolder)
      : await runInWorkbench(suite, whole);
  } finally {
    rmSync(temporaryFolder, { recursive: true, force: true, maxRetries: 5 });
    await workspace.remove();
  }
}

/** A test that ends as the one in the host did. Tests added before the suite's own tests start do run. */
function addTest(suite: Mocha.Suite, { title, state, error }: HostTest): void {
  const name = title.join(': ');
  if (state === 'pending') suite.addTest(new Mocha.Test(name));
  else
    suite.addTest(
      new Mocha.Test(name, () => {
        if (state === 'failed') throw Object.assign(new Error(error), { stack: error });
      }),
    );
}
