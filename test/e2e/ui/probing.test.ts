import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { builtExtension } from '../support/extensions';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';

const file = 'eval/probe-labels.jsonl';

/** Rows that are probed: fewer than the sample has, as each pass takes its time. */
const rowCount = 240;
/** 0-based, of a row that is given the wrong label. */
const planted = 6;

describe('probing: tags, possible mislabels with fixes, the panel', function () {
  // A probe fits hundreds of regressions.
  this.timeout(600_000);
  let sample: SampleWindow;
  const onDisk = () => readFileSync(path.join(sample.workspace.folder, file), 'utf8');

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      settings: { 'whence.notifications': 'errors', 'whence.marks.preset': 'everything' },
      theme: 'dark',
    });
    const lines = onDisk().split('\n').slice(0, rowCount);
    lines[planted] = lines[planted]!.replace(/"label":"harm(ful|less)"/, (_, end) =>
      end === 'ful' ? '"label":"harmless"' : '"label":"harmful"',
    );
    writeFileSync(path.join(sample.workspace.folder, file), `${lines.join('\n')}\n`);
  });
  after(() => sample?.close());

  it('a label that is picked from the fields of the rows is probed, and rows have its tags', async () => {
    const { window } = sample;
    await window.openFile(file);
    await window.runCommand('Whence: Probe…');
    await pick(sample, file);
    await pick(sample, 'harmful (');
    await window.page.getByPlaceholder('Where is it read?').first().waitFor();
    await window.page.keyboard.press('Enter');
    await window.waitFor(
      (marks) => {
        const shown = [...document.querySelectorAll('.view-line span')].map(
          (span) => getComputedStyle(span, '::before').content,
        );
        return marks.every((mark) => shown.some((content) => content.includes(mark)));
      },
      ['◆ harmful', '◆ harmless'],
    );
    assert.deepEqual(await window.notifications('error'), []);
  });

  it('possible mislabels are listed as problems, and the quick fix changes a label in one undo step', async () => {
    const { window } = sample;
    const before = onDisk();
    await window.runCommand('Problems: Focus on Problems View');
    const problems = window.page.locator('.markers-panel .monaco-list-row', { hasText: /Possible mislabel.*/ });
    await problems.first().waitFor();
    await problems.first().dblclick();
    await window.page.keyboard.press('Control+Period');
    const fix = window.page.locator('.action-widget .monaco-list-row', { hasText: 'Change label to "' }).first();
    await fix.waitFor();
    await window.screenshot('probing-fix');
    const row = (await fix.innerText()).match(/Change label to "(\w+)"/)?.[1];
    assert.ok(row === 'harmful' || row === 'harmless');
    await fix.click();
    await window.runCommand('File: Save');
    await window.waitFor(() => document.querySelector('.tabs-container .tab.dirty') === null, undefined);
    const changed = differingLines(before, onDisk());
    assert.equal(changed.length, 1);
    const [was, is] = changed[0]!;
    assert.equal(is, was.replace(/"label":"\w+"/, `"label":"${row}"`));
    await window.runCommand('Undo');
    await window.runCommand('File: Save');
    await window.waitFor(() => document.querySelector('.tabs-container .tab.dirty') === null, undefined);
    assert.equal(onDisk(), before);
    await window.runCommand('View: Close Panel');
  });

  it('the panel shows what came of it, and lists the rows behind a cell and an entry', async () => {
    const { window } = sample;
    await window.openFile(file);
    await window.runCommand('Whence: Show Probing Panel');
    const panel = await window.webview();
    await panel.getByRole('heading', { name: 'What can be read: label' }).waitFor();
    await panel.locator('#layer-cell-0-last').click();
    await panel.getByRole('heading', { name: /^Chosen: layer 0/ }).waitFor();
    const rows = panel.getByRole('grid', { name: 'Probed rows' });
    await rows.getByRole('row').nth(3).waitFor();
    await panel.getByRole('button', { name: /harmful, read as harmless/ }).click();
    await panel.getByText(/^\d+ of 240 rows · harmful read as harmless$/).waitFor();
    await window.screenshot('probing-panel');
    await panel.locator('#layer-cell-0-last').press('ArrowRight');
    await panel.getByRole('heading', { name: /^Chosen: layer 1/ }).waitFor();
    await panel.getByLabel('Model').selectOption('difference');
    await panel.getByText('What base and fine-tuned read').waitFor();
    await rows.getByRole('row').nth(1).click();
    await rows.press('Enter');
    await window.waitFor(() => document.querySelector('.editor-instance .view-lines .view-line') !== null, undefined);
    assert.deepEqual(await window.notifications('error'), []);
  });

  it('the pictures show it in every theme', async () => {
    const { window } = sample;
    const panel = await window.webview();
    await panel.getByLabel('Model').selectOption('tuned');
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] as const) {
      await window.setTheme(theme);
      await window.screenshot('probing-panel');
    }
  });

  it('hiding the marks takes tags and doubts away', async () => {
    const { window } = sample;
    await window.openFile(file);
    await window.runCommand('Whence: Hide Marks of Probes');
    await window.waitFor(
      () =>
        ![...document.querySelectorAll('.view-line span')].some((span) =>
          /[◆◇]/.test(getComputedStyle(span, '::before').content),
        ),
      undefined,
    );
  });
});

async function pick({ window }: SampleWindow, text: string): Promise<void> {
  const rows = window.page.locator('.quick-input-widget:visible .monaco-list-row');
  await rows.filter({ hasText: text }).first().click();
}

function differingLines(before: string, after: string): readonly (readonly [string, string])[] {
  const lines = after.split('\n');
  return before.split('\n').flatMap((line, i) => (line === lines[i] ? [] : [[line, lines[i] ?? ''] as const]));
}
