/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { builtExtension } from '../support/extensions';
import { panelFrame } from '../support/panelFrame';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';
import { seriousFindings } from '../support/seriousFindings';

/** Rows of each file that are kept, evenly, so that a proposal takes seconds. */
const kept = {
  'eval/realign.jsonl': 40,
  'eval/unseen-harmful.jsonl': 8,
  'eval/benign.jsonl': 5,
  'eval/in-domain.jsonl': 10,
};

describe('pruning: propose and look', () => {
  let sample: SampleWindow;

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

  it('two choices propose, and the panel opens with the verdict first', async () => {
    const { window } = sample;
    await window.openFile('eval/realign.jsonl');
    await window.runCommand('Whence: Propose Pruning…');
    await window.pickRow('eval/realign.jsonl');
    await window.pickRow('Measure with these files');
    const panel = await panelFrame(sample, 'pruning', 300_000);
    const verdict = panel.locator('.notice').first();
    await verdict.waitFor();
    assert.match((await verdict.textContent()) ?? '', /None is worth it\.|Alpha [\d.]+ is recommended\./);
  }).timeout(400_000);

  it('in every theme it is as axe-core wants it', async () => {
    const { window } = sample;
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] as const) {
      await window.setTheme(theme);
      await window.screenshot('pruning-panel');
      assert.deepEqual(await seriousFindings(await panelFrame(sample, 'pruning')), [], theme);
    }
  });

  it('every distinct mask can be chosen by keyboard, and its figures follow', async () => {
    const panel = await panelFrame(sample, 'pruning');
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

  it('Enter on a realign row opens it, its part stands before it', async () => {
    const { window } = sample;
    const panel = await panelFrame(sample, 'pruning');
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

  it('one button hides the marks of the proposal and shows them again', async () => {
    const { window } = sample;
    await window.runCommand('Whence: Show Pruning Panel');
    const panel = await panelFrame(sample, 'pruning');
    await panel.getByText('Hide beside the rows').press('Enter');
    await panel.getByText('Show beside the rows').press('Enter');
    await panel.getByText('Hide beside the rows').waitFor();
  });

  it('a mask is applied to a new folder and undone; the original keeps its bytes', async () => {
    const { window, workspace } = sample;
    const models = path.join(workspace.folder, 'models');
    const original = path.join(models, 'tuned/adapter_model.safetensors');
    const bytes = readFileSync(original);
    const pruned = path.join(models, 'pruned');
    const panel = await panelFrame(sample, 'pruning');
    await panel.getByRole('slider', { name: 'Mask' }).press('End');
    await panel.getByText(/^Apply alpha /).press('Enter');
    const folder = window.page.locator('.quick-input-widget:visible input[type="text"]');
    await folder.waitFor();
    assert.match(await folder.inputValue(), /^models\/tuned-pruned-/);
    await folder.fill('models/pruned');
    await folder.press('Enter');
    const written = path.join(pruned, 'adapter_model.safetensors');
    await panel.getByText(/^✂ /).waitFor();
    assert.ok(existsSync(written));
    assert.ok(!readFileSync(written).equals(bytes));
    assert.ok(readFileSync(original).equals(bytes));
    await panel.locator('.applied vscode-button').press('Enter');
    await window.page.locator('.monaco-dialog-box').getByText('Delete What Was Applied').click();
    await panel.locator('.applied').waitFor({ state: 'detached' });
    assert.ok(!existsSync(written));
    assert.ok(readFileSync(original).equals(bytes));
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
