import assert from 'node:assert/strict';
import { builtExtension } from '../support/extensions';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';

describe('the main view: tags, overview ruler, findings, status', () => {
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      settings: { 'whence.notifications': 'errors' },
      theme: 'light',
    });
  });
  after(() => sample?.close());

  it('a query that is picked from the list is traced, with progress in the status bar', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await window.runCommand('Whence: Trace…');
    await pick(sample, 'A query');
    await pick(sample, '');
    await window.waitFor(
      (id) => document.querySelector(`.statusbar-item[id$="${id}"]`)?.querySelector('.codicon-sync') !== null,
      'whence.status',
    );
    await window.runCommand('Whence: Focus on Findings View');
    await window.waitFor(
      (text) =>
        [...document.querySelectorAll('.pane-body .monaco-list-row')].some((row) => row.textContent?.includes(text)),
      'The fine-tune made it',
    );
    assert.deepEqual(await window.notifications('error'), []);
  });

  it('rows have tags before their text, and the pictures show it in every theme', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await window.runCommand('Whence: Go to Next Influential Row');
    await window.waitFor(
      (sign) =>
        [...document.querySelectorAll('.view-line span')].some((span) =>
          getComputedStyle(span, '::before').content.includes(sign),
        ),
      '▲',
    );
    await window.screenshot('main-view');
    for (const theme of ['dark', 'high-contrast', 'high-contrast-light'] as const) {
      await window.setTheme(theme);
      await window.screenshot('main-view');
    }
  });
});

async function pick({ window }: SampleWindow, text: string): Promise<void> {
  const rows = window.page.locator('.quick-input-widget:visible .monaco-list-row');
  await rows.filter({ hasText: text }).first().click();
}
