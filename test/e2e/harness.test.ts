import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { copySample } from './support/copySample';
import { emptyExtension } from './support/extensions';
import { processGroupIsAlive } from './support/processGroup';
import { runInExecutable, runInHost } from './support/runInHost';
import { openSampleWindow, type SampleWindow } from './support/sampleWindow';
import { startWorkbench } from './support/startWorkbench';

describe('the harness', () => {
  it('tells passing from failing tests in the host, and leaves no process and no file', async () => {
    const workspace = copySample();
    const workbench = await startWorkbench({
      extension: emptyExtension,
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
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({
      extension: emptyExtension,
      trust: 'trusted',
      settings: {},
      theme: 'light',
      openFile: 'README.md',
    });
  });

  after(() => sample?.close());

  it('opens files, runs commands, enters a webview and changes its theme', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await window.openFile('README.md');
    await window.runCommand('Markdown: Open Preview');
    const preview = await window.webview();
    await preview.locator('h1').first().waitFor();
    assert.deepEqual(await window.notifications('error'), []);
    await window.setTheme('high-contrast');
    const picture = await window.screenshot('harness');
    assert.equal(picture.subarray(1, 4).toString('latin1'), 'PNG');
  });
});

describe('the stand-in for a desktop VS Code', () => {
  it('runs the same suites through @vscode/test-electron', async () => {
    const workspace = copySample();
    const temporaryFolder = mkdtempSync(path.join(os.tmpdir(), 'whence-stand-in-'));
    const executable = path.resolve('out-test', 'e2e', 'support', 'standIn.child.mjs');
    chmodSync(executable, 0o755);
    try {
      const { tests } = await runInExecutable('activation', {
        executable,
        extensionFolder: path.resolve('.'),
        workspaceFolder: workspace.folder,
        temporaryFolder,
      });
      assert.ok(tests.length >= 5);
      assert.deepEqual(
        tests.flatMap(({ error }) => error ?? []),
        [],
      );
    } finally {
      rmSync(temporaryFolder, { recursive: true, force: true });
      await workspace.remove();
    }
  });
});
