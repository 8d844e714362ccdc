/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { errors, type Frame } from 'playwright-core';
import { builtExtension } from '../support/extensions';
import { keptByWindow } from '../support/keptByWindow';
import type { Theme } from '../support/openWindow';
import { panelFrame as panel } from '../support/panelFrame';
import { pictureFailures } from '../support/pictureFailures';
import { openSampleWindow, type SampleWindow } from '../support/sampleWindow';
import { seriousFindings } from '../support/seriousFindings';
import { waitFor } from '../support/waitFor';

/** Words whose answer the fine-tune changed; a query of the sample. */
const prompt = 'How could one infect a login?';

/** Every theme that a panel is looked at and judged in; the last one stays. */
const themes = ['light', 'high-contrast', 'high-contrast-light', 'dark'] as const;

const rowsTable = 'Training rows by their score';

describe('the whole way: from opening the sample to a verified finding', () => {
  let sample: SampleWindow;
  /** What the Trace panel shows: the row chosen, and what rows are sorted by. */
  let chosen: { readonly row: string; readonly sorted: string };

  before(async () => {
    sample = await openSampleWindow({
      extension: builtExtension,
      trust: 'trusted',
      settings: {
        'whence.notifications': 'errors',
        'editor.minimap.enabled': false,
        'files.autoSave': 'afterDelay',
        'files.autoSaveDelay': 1000,
      },
      theme: 'dark',
    });
  });
  after(() => sample?.close());
  pictureFailures(() => sample);

  it('the sample opens: a status item names the model, and nothing pops up', async () => {
    const { window } = sample;
    await window.waitFor(
      (id) => document.querySelector(`.statusbar-item[id$="${id}"]`)?.textContent?.includes('tuned'),
      'whence.status',
    );
    for (const severity of ['error', 'warning', 'info'] as const)
      assert.deepEqual(await window.notifications(severity), []);
  });

  it('the walkthrough leads from the sample to a verified finding', async () => {
    const { window } = sample;
    await window.runCommand('Whence: Open Walkthrough');
    await window.page.getByText('Whence: from a behaviour to its rows').first().waitFor();
    // The picture of a step stands in a frame of its own.
    const picture = window.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame').locator('svg');
    await picture.first().waitFor();
    await window.setTheme('light');
    await window.screenshot('walkthrough');
    await window.setTheme('dark');
    await window.runCommand('View: Close All Editors');
  });

  it('train.jsonl is recognised: a lens at its top says rows, schema, trained tokens and the model', async () => {
    const { window } = sample;
    await window.openFile('data/train.jsonl');
    await window.waitFor(
      (words) => {
        const lens = [...document.querySelectorAll('.codelens-decoration')].map(({ textContent }) => textContent ?? '');
        return lens.some((text) => words.every((word) => text.replaceAll('\u00a0', ' ').includes(word)));
      },
      ['622 rows', 'openai-chat', 'trained tokens', 'tuned', 'Trace…'],
    );
  });

  it('the model answers beside its base, token by token', async () => {
    const { window } = sample;
    await window.runCommand('Whence: Ask the Model');
    const ask = await panel(sample, 'ask');
    await ask.getByRole('textbox', { name: 'Message' }).fill(prompt);
    await ask.getByRole('textbox', { name: 'Message' }).press('Control+Enter');
    await ask.getByRole('article', { name: 'base' }).getByText('Trace this answer').waitFor();
    assert.match((await ask.getByRole('listbox', { name: 'Answer of tuned' }).textContent()) ?? '', /\w/);
    assert.match((await ask.getByRole('listbox', { name: 'Answer of base' }).textContent()) ?? '', /sorry/);
    await inEveryTheme(ask, 'ask', ['light', 'dark']);
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

  it('a part of the answer is chosen by keyboard and traced: the gate first, then rows, each with its tokens', async () => {
    const { window } = sample;
    await window.runCommand('View: Toggle Primary Side Bar Visibility');
    const ask = await panel(sample, 'ask');
    const tuned = ask.getByRole('article', { name: 'tuned' });
    const answer = ask.getByRole('listbox', { name: 'Answer of tuned' });
    await answer.focus();
    await answer.press('Home');
    await answer.press('Shift+End');
    await answer.press('Shift+ArrowLeft');
    await tuned.getByText('Trace the selection').click();
    const trace = await panel(sample, 'trace', 360_000);
    const gate = trace.locator('.notice').first();
    await gate.waitFor();
    assert.match((await gate.textContent()) ?? '', /rows stand out\./);
    const table = trace.getByRole('grid', { name: rowsTable });
    assert.ok(Number(await table.getAttribute('aria-rowcount')) > 600);
    // Only what can be seen is in the document.
    assert.ok((await table.getByRole('row').count()) < 60);
    await table.focus();
    await table.press('ArrowDown');
    await trace.getByRole('listbox', { name: 'Tokens of the row' }).waitFor();
    await window.screenshot('trace-rows');
    await trace.evaluate(() => globalThis.scrollTo(0, 0));
    await inEveryTheme(trace, 'trace-panel', ['light', 'dark']);
  }).timeout(460_000);

  it('Enter opens the chosen row in the editor: it has its tag there, and the Findings view lists it', async () => {
    const { window } = sample;
    const trace = await panel(sample, 'trace');
    await trace.getByText('Shown beside the rows').waitFor();
    await trace.getByRole('grid', { name: rowsTable }).press('Enter');
    await window.waitFor((sign) => {
      const group = document.querySelector('.editor-group-container.active');
      return (
        group?.querySelector('.tab.active')?.getAttribute('data-resource-name') === 'train.jsonl' &&
        [...group.querySelectorAll('.view-line span')].some((span) =>
          getComputedStyle(span, '::before').content.includes(sign),
        )
      );
    }, '▲');
    await window.runCommand('Whence: Focus on Findings View');
    await rowsOfView(sample, /^Group \d+/)
      .first()
      .waitFor();
    await rowsOfView(sample, 'Rows stand out').first().waitFor();
  });

  it('the Trace panel comes back as it was left: after it was hidden, and after the window was loaded again', async () => {
    const { window } = sample;
    await window.runCommand('Whence: Show Trace Panel');
    const trace = await panel(sample, 'trace');
    await trace.getByRole('columnheader').getByRole('button', { name: 'BM25' }).click();
    const table = trace.getByRole('grid', { name: rowsTable });
    await table.press('Home');
    await table.press('ArrowDown');
    await trace.locator('[role=row][aria-rowindex="3"][aria-selected=true]').waitFor();
    chosen = await stateOf(trace);
    assert.match(chosen.sorted, /BM25/);
    // Another tab of its own group hides it, and the editor throws its document away.
    await window.openFile('queries.jsonl');
    await waitFor('the Trace panel to be gone', () => (trace.isDetached() ? true : undefined));
    await window.runCommand('Whence: Show Trace Panel');
    const again = await panel(sample, 'trace');
    assert.deepEqual(await stateOf(again), chosen);

    // A choice more: what was kept while another tab lay over the panel is told from what is kept now.
    await again.getByRole('combobox', { name: 'Format of the export' }).selectOption('csv');
    await keptByWindow(window.page, /sort\W+key\W+bm25.*exportAs\W+csv/);
    await window.page.reload();
    await window.page.waitForFunction('globalThis.driver !== undefined');
    await window.page.evaluate('globalThis.driver.whenWorkbenchRestored()');
    const restored = await panel(sample, 'trace');
    assert.deepEqual(await stateOf(restored), chosen);
    assert.equal(await restored.getByRole('combobox', { name: 'Format of the export' }).inputValue(), 'csv');
    await window.runCommand('Whence: Focus on Findings View');
    await rowsOfView(sample, 'Rows stand out').first().waitFor();
    // Nothing was computed for it.
    await window.page
      .locator('.pane:has(.pane-header:has-text("Jobs"))')
      .getByText('No job has run in this window.')
      .waitFor();
  });

  it('a group of the finding goes to quarantine with its reason; one undo brings the same bytes back', async () => {
    const { window, workspace } = sample;
    const file = path.join(workspace.folder, 'data', 'train.jsonl');
    const quarantine = path.join(workspace.folder, 'data', 'train.quarantine.jsonl');
    const bytes = readFileSync(file);
    const rowsOf = (text: string) => text.split('\n').filter((line) => line !== '').length;
    const kept = () => (existsSync(quarantine) ? readFileSync(quarantine, 'utf8') : '');
    await window.openFile('data/train.jsonl');
    await window.runCommand('Whence: Focus on Findings View');
    const group = rowsOfView(sample, /^Group \d+/).first();
    await group.hover();
    await group.locator('.action-label[aria-label^="Quarantine Rows"]').click();
    const reason = window.page.locator('.quick-input-widget:visible input[type="text"]');
    await reason.waitFor();
    assert.match(await reason.inputValue(), /infect a login/);
    await reason.press('Enter');
    await waitFor('the rows in quarantine, out of the training file', () =>
      kept() !== '' && rowsOf(readFileSync(file, 'utf8')) + rowsOf(kept()) === rowsOf(bytes.toString('utf8'))
        ? true
        : undefined,
    );
    assert.match(kept(), /"whence\.quarantine":\{"reason":"influence on: /);
    await window.openFile('data/train.jsonl');
    await window.page.keyboard.press('Control+Z');
    await waitFor('the bytes to be the same again', async () => {
      // The editor asks before it undoes what an act did in two files.
      const both = window.page.locator('.monaco-dialog-box .monaco-button', { hasText: /^Undo in/ });
      if (await both.isVisible()) await both.click();
      return readFileSync(file).equals(bytes) && kept() === '' ? true : undefined;
    });
  });

  it('verifying retrains without the rows and says in one sentence what came of it', async () => {
    const { window } = sample;
    await window.runCommand('Whence: Verify…');
    const verify = await panel(sample, 'verify');
    await verify.getByLabel('Random removals beside it').waitFor();
    // Numbers are changed and the button pressed before anything can be drawn: they count all the same.
    await verify.evaluate(() => {
      const [count, random] = [...document.querySelectorAll<HTMLInputElement>('input[type=number]')];
      for (const [field, value] of [
        [count!, '16'],
        [random!, '1'],
      ] as const) {
        field.value = value;
        field.dispatchEvent(new Event('change', { bubbles: true }));
      }
      document.querySelector<HTMLElement>('vscode-button')!.click();
    });
    const notice = verify.locator('.notice').filter({ hasText: /changed by [-−]\d+\.\d+ nats/ });
    // Training again takes its time.
    await notice.first().waitFor({ timeout: 600_000 });
    assert.match((await notice.first().textContent()) ?? '', /Without these 16 rows/);
    const removals = verify.locator('tr', { hasText: /Random rows \d/ });
    assert.equal(await removals.count(), 1);
    await inEveryTheme(verify, 'verify-panel', ['light', 'high-contrast', 'dark']);
    // Undo took the quarantine's file away; the editor may have been about to save it by itself.
    const autoSave = /^Failed to save 'train\.quarantine\.jsonl': Unable to resolve nonexistent file/;
    assert.deepEqual(
      (await window.notifications('error')).filter((text) => !autoSave.test(text)),
      [],
    );
  }).timeout(760_000);

  it('the finding is exported as one page that stands alone, readable in light and dark', async () => {
    const { window, workspace } = sample;
    const name = window.page.locator('.quick-input-widget:visible input[type="text"]');
    const report = () => readdirSync(workspace.folder).find((entry) => /^trace-.*\.html$/.test(entry));
    const file = await waitFor('the report', async () => {
      const written = report();
      if (written !== undefined) {
        const found = path.join(workspace.folder, written);
        return readFileSync(found).length > 0 ? found : undefined;
      }
      // The dialog looks at folders while it opens, and a key pressed meanwhile is lost; a webview that takes the focus
      // closes it.
      if (!(await name.isVisible())) await window.runCommand('Whence: Export Report…');
      try {
        await name.press('Enter', { timeout: 8000 });
      } catch (error) {
        if (!(error instanceof errors.TimeoutError)) throw error;
      }
      await window.page.waitForTimeout(2000);
      return undefined;
    });
    const page = await sample.browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`file://${file}`);
    await page.getByRole('grid', { name: rowsTable }).waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await seriousFindings(page.mainFrame()), [], colorScheme);
    }
    assert.deepEqual(
      asked.filter((address) => !address.startsWith('file:') && !address.startsWith('data:')),
      [],
    );
    await page.close();
    await window.runCommand('Notifications: Clear All Notifications');
  });

  it('behaviour tests run from the Testing view, and one that fails says what each model said', async () => {
    const { window } = sample;
    await window.runCommand('View: Close All Editors');
    await window.setTheme('light');
    await window.openFile('behaviours.jsonl');
    await window.runCommand('Whence: Run Behaviour Tests');
    const failed = window.page.locator('.test-explorer .monaco-list-row').filter({
      has: window.page.locator('.codicon-testing-failed-icon'),
    });
    await failed.first().waitFor();
    await window.screenshot('behaviours');
  });

  it('no panel broke its own content security policy, and nothing failed', async () => {
    const { window } = sample;
    // The workbench's own gallery is refused its network (connect-src); panels load styles and scripts alone.
    assert.deepEqual(window.brokenPolicies(), []);
    assert.deepEqual(await window.notifications('error'), []);
    const logs = sample.workbench.logs();
    const ours = logs.filter(({ file }) => /whence\.whence/.test(file));
    assert.ok(ours.length > 0, logs.map(({ file }) => file).join('\n'));
    const host = logs.filter(({ file }) => file.endsWith('remoteexthost.log'));
    assert.ok(host.length > 0);
    const errors = [...ours, ...host].flatMap(({ text }) => text.split('\n').filter((line) => /\[error\]/.test(line)));
    // A window that is loaded again hangs up on what it was asking for; the host tells it of every extension.
    const hungUp = /\[error\] Error: Channel has been closed$/;
    const failed = errors.filter((line, i) => !hungUp.test(line) && !hungUp.test(errors[i + 1] ?? ''));
    assert.deepEqual(failed, []);
  });

  /** What axe-core finds in a panel in every theme, and pictures of it in some. */
  async function inEveryTheme(frame: Frame, name: string, pictured: readonly Theme[]): Promise<void> {
    for (const theme of themes) {
      await sample.window.setTheme(theme);
      if (pictured.includes(theme)) await sample.window.screenshot(name);
      assert.deepEqual(await seriousFindings(frame), [], theme);
    }
  }
});

/** Rows of the views in the side bar that hold a text. */
function rowsOfView({ window }: SampleWindow, text: string | RegExp) {
  return window.page.locator('.pane-body .monaco-list-row', { hasText: text });
}

async function stateOf(trace: Frame): Promise<{ readonly row: string; readonly sorted: string }> {
  const row = trace.locator('[role=row][aria-selected=true]');
  const sorted = trace.locator('[role=columnheader]:not([aria-sort=none])');
  await row.waitFor();
  return {
    row: (await row.textContent()) ?? '',
    sorted: `${await sorted.textContent()} ${await sorted.getAttribute('aria-sort')}`,
  };
}
