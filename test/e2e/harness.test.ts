import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { type CopiedWorkspace, copySample } from './support/copySample';
import { openBrowser } from './support/openBrowser';
import { openWindow } from './support/openWindow';
import { processGroupIsAlive } from './support/processGroup';
import { runInHost } from './support/runInHost';
import { startWorkbench, type Workbench } from './support/startWorkbench';

describe('the harness', () => {
  it('tells passing from failing tests in the host, and leaves no process and no file', async () => {
    const workspace = copySample();
    const workbench = await startWorkbench({
      extension: { kind: 'folder', path: path.resolve('test/e2e/support/emptyExtension') },
      workspaceFolder: workspace.folder,
      settings: { 'editor.tabSize': 7 },
      trust: 'restricted',
      environment: {},
    });
    try {
      const { tests } = await runInHost('selfCheck', workbench);
      assert.deepEqual(
        tests.map(({ state }) => state),
        ['passed', 'passed', 'passed', 'failed'],
        tests.map(({ error }) => error).join('\n'),
      );
      assert.match(tests[3]!.error!, /is reported as a failure[\s\S]*selfCheck\.test\.ts/);
      await assert.rejects(runInHost('noSuchSuite', workbench), /did not run in the host/);
    } finally {
      await workbench.close();
      await workspace.remove();
    }
    assert.equal(processGroupIsAlive(workbench.processId), false);
    assert.equal(existsSync(workbench.folder), false);
    assert.equal(existsSync(workspace.folder), false);
  });
});

describe('a window of the workbench', () => {
  let workspace: CopiedWorkspace;
  let workbench: Workbench;
  let browser: Browser;

  before(async () => {
    workspace = copySample();
    workbench = await startWorkbench({
      extension: { kind: 'folder', path: path.resolve('test/e2e/support/emptyExtension') },
      workspaceFolder: workspace.folder,
      settings: {},
      trust: 'trusted',
      environment: {},
    });
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await workbench?.close();
    await workspace?.remove();
  });

  it('opens files, runs commands, enters a webview and changes its theme', async () => {
    const window = await openWindow(workbench, browser, { theme: 'light', openFile: 'README.md' });
    await window.openFile('data/train.jsonl');
    await window.openFile('README.md');
    await window.runCommand('Markdown: Open Preview');
    const preview = await window.webview();
    await preview.locator('h1').first().waitFor();
    assert.deepEqual(await window.notifications('error'), []);
    await window.setTheme('high-contrast');
    const picture = await window.screenshot('harness');
    assert.equal(picture.subarray(1, 4).toString('latin1'), 'PNG');
    await window.close();
  });
});
