import assert from 'node:assert/strict';
import { denseLine } from '../support/denseLine';
import { builtExtension } from '../support/extensions';
import { pictureFailures } from '../support/pictureFailures';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';

describe('the main view: tags, overview ruler, findings, status', () => {
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      // The strip of the ruler is what is looked at, not a map of the text beside it.
      settings: { 'whence.notifications': 'errors', 'editor.minimap.enabled': false },
      theme: 'light',
    });
  });
  after(() => sample?.close());
  pictureFailures(() => sample);

  it('a query that is picked from the list is traced, with progress in the status bar', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await window.runCommand('Whence: Trace…');
    await window.pickRow('A query');
    await window.pickRow('');
    await window.waitFor(
      (id) => document.querySelector(`.statusbar-item[id$="${id}"]`)?.querySelector('.codicon-sync') !== null,
      'whence.status',
    );
    await window.runCommand('Whence: Focus on Findings View');
    await window.waitFor(
      (text) =>
        [...document.querySelectorAll('.pane-body .monaco-list-row')].some((row) => row.textContent?.includes(text)),
      'Rows stand out',
    );
    assert.deepEqual(await window.notifications('error'), []);
  });

  it('rows have tags before their text, and the pictures show it in every theme', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await widenSideBar(sample);
    await window.page.keyboard.press('Control+G');
    const place = window.page.locator('.quick-input-widget:visible input[type="text"]');
    await place.fill(`:${denseLine(sample.workspace.folder)}`);
    await place.press('Enter');
    await window.waitFor(
      (sign) =>
        [...document.querySelectorAll('.view-line span')].filter((span) =>
          getComputedStyle(span, '::before').content.includes(sign),
        ).length >= 3,
      '▲',
    );
    await window.screenshot('main-view');
    for (const theme of ['dark', 'high-contrast', 'high-contrast-light'] as const) {
      await window.setTheme(theme);
      await window.screenshot('main-view');
    }
  });
});

/** Drags the border of the side bar, so that its rows can be read. */
async function widenSideBar({ window }: SampleWindow): Promise<void> {
  const { mouse } = window.page;
  const bar = await window.page.locator('.part.sidebar').boundingBox();
  assert.ok(bar);
  const x = bar.x + bar.width;
  await mouse.move(x, bar.y + bar.height / 2);
  await mouse.down();
  await mouse.move(x + 170, bar.y + bar.height / 2, { steps: 5 });
  await mouse.up();
  await mouse.move(x + 400, bar.y + bar.height / 2);
}
