import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { builtExtension } from '../support/extensions';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';

/** More lines than the editor shows code lenses for. */
const lines = 300_100;

describe('a data file that is too large for code lenses', () => {
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({ extension: builtExtension, trust: 'trusted', settings: {}, theme: 'light' });
    const row = JSON.stringify({ prompt: 'What is it?', completion: 'A row.' });
    writeFileSync(path.join(sample.workspace.folder, 'data', 'large.jsonl'), `${row}\n`.repeat(lines));
  });
  after(() => sample?.close());

  it('has a status item and an action in its title that trace; a small one has neither', async () => {
    const { window } = sample;
    const item = window.page.locator('.statusbar-item[id$="whence.largeDocument"]');
    const action = window.page.locator('.editor-actions .action-label[aria-label^="Trace…"]');
    await window.openFile('data/large.jsonl');
    await item.filter({ hasText: '300,101 lines' }).waitFor();
    await action.waitFor();
    await window.openFile('data/train.jsonl');
    await action.waitFor({ state: 'detached' });
    assert.equal(await item.isVisible(), false);
    assert.deepEqual(await window.notifications('error'), []);
  });
});
