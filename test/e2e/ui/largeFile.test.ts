import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { builtExtension } from '../support/extensions';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';

/** More lines than the editor shows code lenses for. */
const lines = 300_100;

describe('large data files in a window', () => {
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      // Beside a server the editor asks before it shows 10 MB.
      settings: { 'whence.notifications': 'errors', 'workbench.editorLargeFileConfirmation': 1024 },
      theme: 'light',
    });
    const data = path.join(sample.workspace.folder, 'data');
    const row = JSON.stringify({ prompt: 'What is it?', completion: 'A row.' });
    writeFileSync(path.join(data, 'many.jsonl'), `${row}\n`.repeat(lines));
  });
  after(() => sample?.close());

  it('too large for code lenses: a status item and an action in the title trace; a small file has neither', async () => {
    const { window } = sample;
    const item = window.page.locator('.statusbar-item[id$="whence.largeDocument"]');
    const action = window.page.locator('.editor-actions .action-label[aria-label^="Trace…"]');
    await window.openFile('data/many.jsonl');
    await item.filter({ hasText: '300,101 lines' }).waitFor();
    await action.first().waitFor();
    await window.openFile('data/train.jsonl');
    await item.waitFor({ state: 'hidden' });
    await action.first().waitFor({ state: 'detached' });
    assert.deepEqual(await window.notifications('error'), []);
  });
});
