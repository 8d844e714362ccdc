/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { builtExtension } from '../support/extensions';
import { panelFrame } from '../support/panelFrame';
import { pictureFailures } from '../support/pictureFailures';
import { runJobs, traceByWords } from '../support/runJobs';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';
import { seriousFindings } from '../support/seriousFindings';
import { waitFor } from '../support/waitFor';

/** More lines than the editor shows code lenses for. */
const manyLines = 300_100;
/** Bytes of a file that is offered as rows: more than 50 MB, less than 50 MiB, where editors begin to keep it to themselves. */
const largeBytes = 52e6;

describe('large data files in a window', () => {
  let sample: SampleWindow;
  /** Lines of the large file. */
  let lines = 0;

  before(async function () {
    this.timeout(600_000);
    sample = await openSampleWindow({ extension: builtExtension, trust: 'trusted', settings: {}, theme: 'light' });
    const { folder } = sample.workspace;
    // Below what the editor asks about before it shows it.
    writeFileSync(path.join(folder, 'data', 'many.jsonl'), '{"text":"A row."}\n'.repeat(manyLines));
    await runJobs(folder, [traceByWords(folder)]);
    lines = growTo(path.join(folder, 'data', 'train.jsonl'), largeBytes);
  });
  after(() => sample?.close());
  pictureFailures(() => sample);

  it('too large for code lenses: a status item and an action in the title trace; a small file has neither', async () => {
    const { window } = sample;
    const item = window.page.locator('.statusbar-item[id$="whence.largeDocument"]');
    const action = window.page.locator('.editor-actions .action-label[aria-label^="Trace…"]');
    await window.openFile('data/many.jsonl');
    await item.filter({ hasText: '300,101 lines' }).waitFor();
    await action.first().waitFor();
    await window.openFile('queries.jsonl');
    await item.waitFor({ state: 'hidden' });
    await action.first().waitFor({ state: 'detached' });
    assert.deepEqual(await window.notifications('error'), []);
  });

  it('beyond 50 MB it is offered as rows, by keyboard: any row by number, text found, the row read', async () => {
    const { window } = sample;
    const { keyboard } = window.page;
    await window.openFile('data/train.jsonl');
    // A window that is driven shows no notification by itself: it is in the list of them.
    await window.waitFor(() => document.querySelector('.statusbar-item .codicon-bell-dot') !== null, undefined);
    await window.runCommand('Notifications: Show Notifications');
    await window.page.locator('.notifications-center').getByRole('button', { name: 'Open as Rows' }).press('Enter');
    const view = await window.webview();
    const selected = view.locator('[role=option][aria-selected=true]');
    await view.locator('[role=listbox]:focus').waitFor();
    await view.getByText(`${lines.toLocaleString('en')} rows`, { exact: true }).waitFor();
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowDown');
    await view.getByRole('heading', { name: 'Row 3' }).waitFor();
    await view.locator('pre').filter({ hasText: '"role": "user"' }).waitFor();
    await keyboard.press('End');
    await selected.filter({ hasText: `"id":${lines - 1},` }).waitFor();
    await tabTo(sample, view, 'input[type=number]', 'backwards');
    await keyboard.type('77778');
    await keyboard.press('Enter');
    await selected.filter({ hasText: '"id":77777,' }).waitFor();
    await tabTo(sample, view, 'input[type=search]', 'forwards');
    await keyboard.type('"id":80123,');
    await keyboard.press('Enter');
    await selected.filter({ hasText: '"id":80123,' }).waitFor();
  });

  it('it has the tags of a trace, the commands go from one to the next, and a row gets its verdict', async () => {
    const { window } = sample;
    const { keyboard } = window.page;
    await window.runCommand('Whence: Show a Trace…');
    await window.pickRow('bm25');
    const findings = window.page.locator('.pane', { has: window.page.locator('[aria-label^="Findings"]') });
    await findings.locator('.monaco-list-row').first().waitFor();
    await window.runCommand('Whence: Go to Next Influential Row');
    const view = await window.webview();
    const tagged = view.locator('[role=option][aria-selected=true] .large-tag').filter({ hasText: /[▲▼]/ });
    await tagged.waitFor();
    const first = await view.locator('[role=option][aria-selected=true]').getAttribute('id');
    // The view has a key of its own for it.
    await view.locator('[role=listbox]').focus();
    await keyboard.press('Alt+BracketRight');
    await view.locator(`[role=option][aria-selected=true]:not(#${first})`).waitFor();
    await tagged.waitFor();
    await tabTo(sample, view, 'button:text-is("Relevant")', 'backwards');
    await keyboard.press('Enter');
    await waitFor('the verdict to be kept', async () =>
      keptVerdicts(sample).find((text) => text.includes('"relevant"')),
    );
    const frame = await panelFrame(sample, 'largeFile');
    for (const theme of ['dark', 'high-contrast', 'high-contrast-light', 'light'] as const) {
      await window.setTheme(theme);
      await window.screenshot('large-file');
      assert.deepEqual(await seriousFindings(frame), [], theme);
    }
    assert.deepEqual(await window.notifications('error'), []);
    assert.deepEqual(window.brokenPolicies(), []);
  });
});

/** Adds rows until a file has a size; how many lines it has then. */
function growTo(file: string, bytes: number): number {
  let at = readFileSync(file, 'utf8').trimEnd().split('\n').length;
  const filler = 'A row that nothing was trained on. '.repeat(14);
  for (let size = statSync(file).size; size < bytes; ) {
    const block = Array.from({ length: 1000 }, () => `{"id":${at++},"prompt":"?","completion":"${filler}"}\n`).join('');
    appendFileSync(file, block);
    size += block.length;
  }
  return at;
}

/** Texts of the files of verdicts in the store. */
function keptVerdicts({ workspace }: SampleWindow): readonly string[] {
  const folder = path.join(workspace.folder, '.whence');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /row-verdicts[^/]*\.json$/.test(name))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'));
}

/** Presses Tab until an element has the focus. */
async function tabTo(
  { window }: SampleWindow,
  view: FrameLocator,
  selector: string,
  direction: 'forwards' | 'backwards',
): Promise<void> {
  const target = view.locator(selector);
  for (let presses = 0; presses < 12; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await window.page.keyboard.press(direction === 'forwards' ? 'Tab' : 'Shift+Tab');
  }
  assert.fail(`no Tab reached ${selector}`);
}
