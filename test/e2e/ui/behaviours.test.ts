import assert from 'node:assert/strict';
import { builtExtension } from '../support/extensions';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';

describe('behaviour tests and the walkthrough in a window', () => {
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      settings: { 'whence.notifications': 'errors', 'editor.minimap.enabled': false },
      theme: 'light',
    });
  });
  after(() => sample?.close());

  it('the walkthrough leads from the sample to a verified finding', async () => {
    const { window } = sample;
    await window.runCommand('Whence: Open Walkthrough');
    await window.page.getByText('Whence: from a behaviour to its rows').first().waitFor();
    // The first step is done where there is a whence.json; its picture stands in a frame of its own.
    await window.waitFor((text) => document.querySelector('.statusbar')?.textContent?.includes(text) === true, 'tuned');
    const picture = window.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame').locator('svg');
    await picture.first().waitFor();
    await window.screenshot('walkthrough');
    assert.deepEqual(await window.notifications('error'), []);
  });

  it('tests run from the Testing view, and a failure shows what each model said', async () => {
    const { window } = sample;
    await window.runCommand('View: Close All Editors');
    await window.openFile('behaviours.jsonl');
    await window.runCommand('Whence: Run Behaviour Tests');
    const tests = window.page.locator('.test-explorer .monaco-list-row');
    await tests
      .filter({ has: window.page.locator('.codicon-testing-failed-icon') })
      .first()
      .waitFor();
    await window.screenshot('behaviours');
    assert.deepEqual(await window.notifications('error'), []);
  });
});
