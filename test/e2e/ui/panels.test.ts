/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { builtExtension } from '../support/extensions';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';
import { waitFor } from '../support/waitFor';

/** Words whose answer the fine-tune changed; a query of the sample. */
const prompt = 'How could one infect a login?';

describe('panels: ask, trace, verify', () => {
  let sample: SampleWindow;

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      settings: { 'whence.notifications': 'errors' },
      theme: 'dark',
    });
  });
  after(() => sample?.close());

  it('the model answers beside its base, token by token', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await window.runCommand('Whence: Ask the Model');
    const ask = await panel(sample, 'ask');
    await ask.getByRole('textbox', { name: 'Message' }).fill(prompt);
    await ask.getByRole('textbox', { name: 'Message' }).press('Control+Enter');
    await ask.getByRole('article', { name: 'base' }).getByText('Trace this answer').waitFor();
    assert.match((await ask.getByRole('listbox', { name: 'Answer of tuned' }).textContent()) ?? '', /\w/);
    assert.match((await ask.getByRole('listbox', { name: 'Answer of base' }).textContent()) ?? '', /sorry/);
    await window.screenshot('ask');
  });

  it('a part of an answer is chosen with the keyboard', async () => {
    const ask = await panel(sample, 'ask');
    const answer = ask.getByRole('listbox', { name: 'Answer of tuned' });
    await answer.focus();
    await answer.press('Home');
    await answer.press('Shift+ArrowRight');
    await ask.getByText('Trace the selection').first().waitFor();
    await answer.press('Escape');
    assert.equal(await ask.getByText('Trace the selection').count(), 0);
  });

  it('tracing an answer opens the Trace panel: the gate first, rows that stand out, each with its tokens', async () => {
    const { window } = sample;
    const ask = await panel(sample, 'ask');
    await ask.getByRole('article', { name: 'tuned' }).getByText('Trace this answer').click();
    const trace = await panel(sample, 'trace', 360_000);
    const gate = trace.getByRole('status').first();
    await gate.waitFor();
    assert.match((await gate.textContent()) ?? '', /rows stand out\./);
    const table = trace.getByRole('grid', { name: 'Training rows by their score' });
    assert.ok(Number(await table.getAttribute('aria-rowcount')) > 600);
    // Only what can be seen is in the document.
    assert.ok((await table.getByRole('row').count()) < 60);
    await table.focus();
    await table.press('ArrowDown');
    await trace.getByRole('listbox', { name: 'Tokens of the row' }).waitFor();
    await window.screenshot('trace-panel');
  }).timeout(400_000);

  it('Enter opens the chosen row in the editor, and the finding is put beside the rows', async () => {
    const { window } = sample;
    const trace = await panel(sample, 'trace');
    await trace.getByText('Shown beside the rows').waitFor();
    const table = trace.getByRole('grid', { name: 'Training rows by their score' });
    await table.focus();
    await table.press('Enter');
    await window.waitFor(
      (name) =>
        document.querySelector('.editor-group-container.active .tab.active')?.getAttribute('data-resource-name') ===
        name,
      'train.jsonl',
    );
  });

  it('the panel comes back as it was left after it was hidden', async () => {
    const { window } = sample;
    const trace = await panel(sample, 'trace');
    await trace.getByRole('searchbox').fill('locked');
    const status = trace.getByText(/^\d+ of \d+ rows$/);
    const before = await status.textContent();
    await window.runCommand('Whence: Show Trace Panel');
    await window.openFile('queries.jsonl');
    await window.runCommand('Whence: Show Trace Panel');
    const again = await panel(sample, 'trace');
    assert.equal(await again.getByRole('searchbox').inputValue(), 'locked');
    assert.equal(await again.getByText(/^\d+ of \d+ rows$/).textContent(), before);
    await again.getByRole('searchbox').fill('');
  });

  it('every theme shows the panel', async () => {
    const { window } = sample;
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] as const) {
      await window.setTheme(theme);
      await (await panel(sample, 'trace')).getByRole('grid').waitFor();
      await window.screenshot('trace-panel');
    }
  });

  it('verifying retrains without the rows and says in one sentence what came of it', async () => {
    const { window } = sample;
    const trace = await panel(sample, 'trace');
    await trace.getByText('Verify…').click();
    const verify = await panel(sample, 'verify');
    await verify.getByLabel('How many').fill('16');
    await verify.getByLabel('Random removals beside it').fill('1');
    await verify.getByText('Retrain', { exact: true }).click();
    await verify.getByRole('status').filter({ hasText: 'Running' }).waitFor();
    // Training again takes its time.
    await verify.getByText('Beyond every random removal.').waitFor({ timeout: 600_000 });
    assert.match((await verify.locator('.notice').first().textContent()) ?? '', /changed by -\d+\.\d\d nats/);
    await window.screenshot('verify');
  }).timeout(700_000);

  it('no panel broke its own content security policy, and nothing failed', async () => {
    const { window, workspace } = sample;
    const broken = window.consoleErrors().filter((text) => /Content Security Policy|whence/i.test(text));
    assert.deepEqual(broken, []);
    assert.deepEqual(await window.notifications('error'), []);
    assert.ok(existsSync(path.join(workspace.folder, 'whence.json')));
    assert.ok(readFileSync(path.join(workspace.folder, 'data', 'train.jsonl'), 'utf8').length > 0);
  });
});

/** The document of a panel that can be seen. */
async function panel({ window }: SampleWindow, kind: string, milliseconds?: number): Promise<Frame> {
  return waitFor(
    `the ${kind} panel`,
    async () => {
      for (const frame of window.page.frames()) {
        if (frame.isDetached()) continue;
        const title = await frame.title().catch(() => '');
        if (title === `Whence: ${kind}` && (await frame.locator('main').count()) > 0) return frame;
      }
      return undefined;
    },
    milliseconds,
  );
}
