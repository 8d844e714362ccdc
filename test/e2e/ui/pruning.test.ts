/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { builtExtension } from '../support/extensions';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';
import { waitFor } from '../support/waitFor';

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
    const panel = await pruningPanel(sample, 300_000);
    const verdict = panel.locator('.notice').first();
    await verdict.waitFor();
    assert.match((await verdict.textContent()) ?? '', /None is worth it\.|Alpha [\d.]+ is recommended\./);
    await window.screenshot('pruning-panel');
  }).timeout(400_000);

  it('every distinct mask can be chosen by keyboard, and its figures follow', async () => {
    const panel = await pruningPanel(sample);
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
    const panel = await pruningPanel(sample);
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

async function pruningPanel({ window }: SampleWindow, milliseconds?: number): Promise<Frame> {
  return waitFor(
    'the pruning panel',
    async () => {
      for (const frame of window.page.frames()) {
        if (frame.isDetached()) continue;
        const title = await frame.title().catch(() => '');
        if (title === 'Whence: pruning' && (await frame.locator('main').count()) > 0) return frame;
      }
      return undefined;
    },
    milliseconds,
  );
}
