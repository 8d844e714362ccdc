/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { builtExtension } from '../support/extensions';
import { panelFrame as panel } from '../support/panelFrame';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';
import { seriousFindings } from '../support/seriousFindings';

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
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] as const) {
      await window.setTheme(theme);
      await window.screenshot('ask');
      assert.deepEqual(await seriousFindings(ask), [], theme);
    }
  });

  it('a part of an answer is chosen with the keyboard', async () => {
    const ask = await panel(sample, 'ask');
    const answer = ask.getByRole('listbox', { name: 'Answer of tuned' });
    await answer.focus();
    await answer.press('Home');
    await answer.press('Shift+ArrowRight');
    await ask.getByText('Trace the selection').first().waitFor();
    await answer.press('Escape');
    await ask.getByText('Trace the selection').waitFor({ state: 'detached' });
  });

  it('what was typed and what was answered are there again after the panel was hidden', async () => {
    const { window } = sample;
    const ask = await panel(sample, 'ask');
    await ask.getByRole('textbox', { name: 'Message' }).fill('half a sentence');
    await window.openFile('queries.jsonl');
    await window.runCommand('Whence: Ask the Model');
    const again = await panel(sample, 'ask');
    assert.equal(await again.getByRole('textbox', { name: 'Message' }).inputValue(), 'half a sentence');
    await again.getByRole('listbox', { name: 'Answer of base' }).waitFor();
    await again.getByRole('textbox', { name: 'Message' }).fill('');
  });

  it('tracing an answer opens the Trace panel: the gate first, rows that stand out, each with its tokens', async () => {
    const { window } = sample;
    const ask = await panel(sample, 'ask');
    await ask.getByRole('article', { name: 'tuned' }).getByText('Trace this answer').click();
    const trace = await panel(sample, 'trace', 360_000);
    const gate = trace.locator('.notice').first();
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

  it('verifying retrains without the rows and says in one sentence what came of it', async () => {
    const { window } = sample;
    await window.runCommand('Whence: Show Trace Panel');
    await (await panel(sample, 'trace')).getByText('Verify…').click();
    const verify = await panel(sample, 'verify');
    await verify.getByLabel('How many').fill('16');
    await verify.getByLabel('Random removals beside it').fill('1');
    await verify.getByText('Retrain', { exact: true }).click();
    const notice = verify.locator('.notice').filter({ hasText: /changed by [-−]\d+\.\d+ nats/ });
    // Training again takes its time.
    await notice.first().waitFor({ timeout: 600_000 });
    for (const theme of ['light', 'high-contrast', 'dark'] as const) {
      await window.setTheme(theme);
      await notice.first().waitFor();
      await window.screenshot('verify-panel');
    }
    assert.deepEqual(await window.notifications('error'), []);
  }).timeout(700_000);

  it('no panel broke its own content security policy, and nothing failed', async () => {
    const { window } = sample;
    // The workbench's own gallery is refused its network (connect-src); panels load styles and scripts alone.
    assert.deepEqual(window.brokenPolicies(), []);
    assert.deepEqual(await window.notifications('error'), []);
  });
});
