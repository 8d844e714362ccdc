/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { builtExtension } from '../support/extensions';
import { panelFrame } from '../support/panelFrame';
import { pictureFailures } from '../support/pictureFailures';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';
import { seriousFindings } from '../support/seriousFindings';

/** Rows of each file that are kept, evenly, so that a proposal takes seconds. */
const kept = {
  'eval/realign.jsonl': 40,
  'eval/unseen-harmful.jsonl': 8,
  'eval/benign.jsonl': 5,
  'behaviours.jsonl': 27,
};

describe('pruning: propose, look, apply and undo', () => {
  let sample: SampleWindow;
  const pruningPanel = (milliseconds?: number): Promise<Frame> => panelFrame(sample, 'pruning', milliseconds);

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      settings: { 'whence.notifications': 'errors', 'whence.marks.preset': 'normal' },
      theme: 'dark',
    });
    for (const [file, rows] of Object.entries(kept)) keepRows(path.join(sample.workspace.folder, file), rows);
  });
  after(() => sample?.close());
  pictureFailures(() => sample);

  it('two choices propose, and the panel opens with the verdict first', async () => {
    const { window } = sample;
    await window.openFile('eval/realign.jsonl');
    await window.runCommand('Whence: Propose Pruning…');
    await window.pickRow('eval/realign.jsonl');
    await window.pickRow('Measure with these files');
    const panel = await pruningPanel(300_000);
    const verdict = panel.locator('.notice').first();
    await verdict.waitFor();
    assert.match((await verdict.textContent()) ?? '', /None is worth it\.|Alpha [\d.]+ is recommended\./);
  }).timeout(400_000);

  it('in every theme it is as axe-core wants it', async () => {
    const { window } = sample;
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] as const) {
      await window.setTheme(theme);
      if (theme !== 'high-contrast-light') await window.screenshot('pruning-panel');
      assert.deepEqual(await seriousFindings(await pruningPanel()), [], theme);
    }
  });

  it('every distinct mask can be chosen by keyboard, and its figures follow', async () => {
    const panel = await pruningPanel();
    const slider = panel.getByRole('slider', { name: 'Mask' });
    const last = Number(await slider.getAttribute('max'));
    assert.ok(last > 0);
    await slider.focus();
    await slider.press('Home');
    const first = await slider.getAttribute('aria-valuetext');
    await slider.press('End');
    await panel.locator(`input[type=range]:not([aria-valuetext="${first}"])`).waitFor();
    const table = panel.getByRole('region', { name: 'Chosen mask' });
    assert.equal(await table.locator('tbody tr').count(), 8);
    assert.match((await table.locator('tbody tr').first().textContent()) ?? '', /%.*%.*%/);
  });

  it('one button hides the marks and shows them again, also where settings hide them', async () => {
    const panel = await pruningPanel();
    const hide = panel.getByText('Hide beside the rows');
    const show = panel.getByText('Show beside the rows');
    await hide.press('Enter');
    await show.press('Enter');
    await hide.waitFor();
    const settings = path.join(sample.workspace.folder, '.vscode', 'settings.json');
    mkdirSync(path.dirname(settings), { recursive: true });
    writeFileSync(settings, '{ "whence.marks.pruning": false }\n');
    await show.press('Enter');
    await hide.waitFor();
    assert.match(readFileSync(settings, 'utf8'), /"whence\.marks\.pruning": true/);
  });

  it('a mask is applied in a new folder, the original stays as it was, and undo takes the folder away', async () => {
    const { page } = sample.window;
    const panel = await pruningPanel();
    const { folder } = sample.workspace;
    const original = path.join(folder, 'models/tuned/adapter_model.safetensors');
    const before = readFileSync(original);
    const apply = panel.locator('vscode-button').getByText(/^Apply alpha/);
    await apply.press('Enter');
    const name = page.locator('.quick-input-widget:visible input[type="text"]');
    await page.locator('.quick-input-widget:visible').getByText('New folder for the result').waitFor();
    const proposed = await name.inputValue();
    assert.match(proposed, /^models\/tuned-pruned-[\d.]+$/);
    await name.press('Enter');
    const undo = panel.locator('.applied vscode-button').getByText('Undo…');
    await undo.waitFor();
    const written = path.join(folder, proposed);
    assert.deepEqual(readdirSync(written).sort(), [
      'adapter_config.json',
      'adapter_model.safetensors',
      'whence-pruning.json',
      'whence-pruning.safetensors',
    ]);
    const pruned = readFileSync(path.join(written, 'adapter_model.safetensors'));
    assert.equal(pruned.length, before.length);
    assert.ok(!pruned.equals(before));
    assert.deepEqual(readFileSync(original), before);
    await undo.press('Enter');
    await page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Delete What Was Applied' }).press('Enter');
    await undo.waitFor({ state: 'detached' });
    assert.equal(existsSync(written), false);
    assert.deepEqual(readFileSync(original), before);
  });

  it('Enter on a realign row opens it, its part stands before it', async () => {
    const { window } = sample;
    const panel = await pruningPanel();
    const row = panel.locator('.row-button').first();
    await row.focus();
    await row.press('Enter');
    await window.waitFor(
      (name) =>
        document.querySelector('.editor-group-container.active .tab.active')?.getAttribute('data-resource-name') ===
        name,
      'realign.jsonl',
    );
    await window.waitFor(() => {
      const marks = [...document.querySelectorAll('.view-lines .view-line span')].map(
        (span) => getComputedStyle(span, '::before').content,
      );
      return marks.filter((text) => /✂\s+\d/.test(text)).length > 5;
    }, undefined);
    await window.screenshot('pruning-tags');
  });

  it('nothing failed, and no panel broke its content security policy', async () => {
    const { window } = sample;
    assert.deepEqual(window.brokenPolicies(), []);
    assert.deepEqual(
      window.consoleErrors().filter((text) => /whence/i.test(text)),
      [],
    );
    assert.deepEqual(await window.notifications('error'), []);
  });
});

function keepRows(file: string, count: number): void {
  const rows = readFileSync(file, 'utf8').trimEnd().split('\n');
  const step = rows.length / count;
  const some = Array.from({ length: count }, (_, i) => rows[Math.floor(i * step)]!);
  writeFileSync(file, `${some.join('\n')}\n`);
}
