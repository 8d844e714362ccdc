import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { copySample } from './support/copySample';
import { processGroupIsAlive } from './support/processGroup';
import { runInHost } from './support/runInHost';
import { startWorkbench } from './support/startWorkbench';

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
