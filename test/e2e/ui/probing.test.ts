/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { builtExtension } from '../support/extensions';
import { panelFrame } from '../support/panelFrame';
import { pictureFailures } from '../support/pictureFailures';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';
import { seriousFindings } from '../support/seriousFindings';

const dataFile = 'eval/probe-labels.jsonl';
/** Rows that are kept, so that a probe takes seconds, and those of them whose label is turned. */
const kept = 120;
const turned = [20, 60, 100];

/** A few rows of the file, some with the other label: what a tired annotator leaves. */
function keepRows(file: string): void {
  const rows = readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, kept);
  const turn = (row: string): string =>
    row.includes('"label":"harmful"')
      ? row.replace('"label":"harmful"', '"label":"harmless"')
      : row.replace('"label":"harmless"', '"label":"harmful"');
  writeFileSync(file, `${rows.map((row, i) => (turned.includes(i) ? turn(row) : row)).join('\n')}\n`);
}

describe('probing: what can be read, layer by layer', () => {
  let sample: SampleWindow;
  let file: string;
  const probingPanel = (milliseconds?: number): Promise<Frame> => panelFrame(sample, 'probing', milliseconds);

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      settings: {
        'whence.notifications': 'errors',
        'whence.marks.preset': 'everything',
        'editor.minimap.enabled': false,
        'files.autoSave': 'off',
      },
      theme: 'dark',
    });
    file = path.join(sample.workspace.folder, dataFile);
    keepRows(file);
  });
  after(() => sample?.close());
  pictureFailures(() => sample);

  it('three choices probe, and the panel opens with what came of it in a sentence', async () => {
    const { window } = sample;
    await window.openFile(dataFile);
    await window.runCommand('Whence: Probe…');
    await window.pickRow(dataFile);
    await window.pickRow('harmless (');
    const places = window.page.locator('.quick-input-widget:visible .monaco-list-row');
    await places.filter({ hasText: 'The last token before the answer' }).waitFor();
    await window.page.keyboard.press('Enter');
    const panel = await probingPanel(300_000);
    const verdict = panel.locator('.notice').first();
    await verdict.waitFor();
    assert.match((await verdict.textContent()) ?? '', /of rows that it never saw \(interval \d/);
  }).timeout(400_000);

  it('in every theme it is as axe-core wants it', async () => {
    const { window } = sample;
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] as const) {
      await window.setTheme(theme);
      if (theme !== 'high-contrast-light') await window.screenshot('probing-panel');
      assert.deepEqual(await seriousFindings(await probingPanel()), [], theme);
    }
  });

  it('arrow keys choose a cell, and its figures, its confusion and its rows follow', async () => {
    const panel = await probingPanel();
    const chosen = panel.locator('td[role=gridcell][aria-selected=true]');
    await chosen.focus();
    await chosen.press('Home');
    await panel.getByRole('heading', { name: /^Chosen: layer Embedding/ }).waitFor();
    await chosen.press('ArrowRight');
    await panel.getByRole('heading', { name: /^Chosen: layer 0, last token/ }).waitFor();
    await chosen.press('ArrowDown');
    await panel.getByRole('heading', { name: /^Chosen: layer 0, mean of all/ }).waitFor();
    const entry = panel.locator('.confusion .entry').first();
    await entry.focus();
    await entry.press('Enter');
    const count = Number(await entry.textContent());
    assert.ok(count > 10, `${count} rows`);
    await panel
      .getByRole('status')
      .filter({ hasText: `${count} of ${kept} rows` })
      .waitFor();
    await entry.press('Enter');
    await panel
      .getByRole('status')
      .filter({ hasText: `${kept} of ${kept} rows` })
      .waitFor();
  });

  it('selectivity, the base and the difference are chosen by keyboard', async () => {
    const panel = await probingPanel();
    const figure = panel.getByRole('combobox', { name: 'Figure' });
    await figure.focus();
    await figure.press('ArrowDown');
    await panel.getByRole('grid', { name: /^Selectivity by layer/ }).waitFor();
    const model = panel.getByRole('combobox', { name: 'Model' });
    await model.focus();
    await model.press('End');
    await panel.getByRole('heading', { name: /Selectivity, Fine-tuned − base/ }).waitFor();
    const signs = await panel.locator('td[role=gridcell] .layer-value').allInnerTexts();
    assert.ok(
      signs.every((text) => /[+−-]\d\.\d\d|0\.00/.test(text)),
      signs.join(' '),
    );
    await model.press('Home');
    await panel.getByRole('heading', { name: /Selectivity, Fine-tuned$/ }).waitFor();
  });

  it('one button hides the marks of probes and shows them again', async () => {
    const panel = await probingPanel();
    await panel.getByText('Hide beside the rows').press('Enter');
    await panel.getByText('Show beside the rows').press('Enter');
    await panel.getByText('Hide beside the rows').waitFor();
  });

  it('Enter on the row in most doubt opens it, with its tag and its diagnostic', async () => {
    const { window } = sample;
    const panel = await probingPanel();
    const rows = panel.getByRole('grid', { name: 'Probed rows' });
    await rows.focus();
    await rows.press('Home');
    await rows.press('Enter');
    await window.waitFor(
      (name) =>
        document.querySelector('.editor-group-container.active .tab.active')?.getAttribute('data-resource-name') ===
        name,
      path.basename(dataFile),
    );
    await window.waitFor(() => {
      const marks = [...document.querySelectorAll('.view-lines .view-line span')].map(
        (span) => getComputedStyle(span, '::before').content,
      );
      const isMarked = marks.some((text) => text.includes('◇')) && marks.some((text) => text.includes('◆'));
      return isMarked && document.querySelector('.squiggly-warning, .squiggly-info') !== null;
    }, undefined);
    await window.screenshot('probing-tags');
  });

  it('its quick fix changes the label, and one undo takes it back', async () => {
    const { window } = sample;
    const before = readFileSync(file, 'utf8');
    const isDirty = (state: string): boolean =>
      document.querySelector('.editor-group-container.active .tab.active')?.classList.contains('dirty') ===
      (state === 'dirty');
    await window.page.keyboard.press('Control+Period');
    const fix = window.page
      .locator('.action-widget')
      .getByText(/^Change label to "harm(ful|less)"$/)
      .first();
    await fix.waitFor();
    await fix.click();
    await window.waitFor(isDirty, 'dirty');
    await window.page.keyboard.press('Control+KeyS');
    await window.waitFor(isDirty, 'saved');
    const after = readFileSync(file, 'utf8').split('\n');
    const changed = [...before.split('\n').entries()].filter(([i, row]) => row !== after[i]).map(([i]) => i);
    assert.equal(changed.length, 1);
    assert.ok(turned.includes(changed[0]!), `row ${changed[0]} is not one of those that were turned`);
    await window.page.keyboard.press('Control+KeyZ');
    await window.waitFor(isDirty, 'dirty');
    await window.page.keyboard.press('Control+KeyS');
    await window.waitFor(isDirty, 'saved');
    assert.equal(readFileSync(file, 'utf8'), before);
  });

  it('nothing failed, and no panel broke its content security policy', async () => {
    const { window } = sample;
    assert.deepEqual(window.brokenPolicies(), []);
    assert.deepEqual(await window.notifications('error'), []);
  });
});
