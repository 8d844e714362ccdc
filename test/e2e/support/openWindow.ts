/// <reference lib="dom" />
// One window of a workbench, in the browser, as a person uses it: keyboard, palette, files, panels, pictures.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, type FrameLocator, type Locator, type Page, errors as playwrightErrors } from 'playwright-core';
import type { Workbench } from './startWorkbench';
import { defaultTimeout, waitFor as pollFor } from './waitFor';
import { developmentFolders, windowAddress } from './windowAddress';

export type Theme = 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

/** Name of each theme in settings, in the palette, and in the class of a window in which the theme is in force. */
const themes: Readonly<Record<Theme, { readonly setting: string; readonly label: string; readonly file: string }>> = {
  light: { setting: 'Light Modern', label: 'Light Modern', file: 'light_modern' },
  dark: { setting: 'Dark Modern', label: 'Dark Modern', file: 'dark_modern' },
  'high-contrast': { setting: 'Default High Contrast', label: 'Dark High Contrast', file: 'hc_black' },
  'high-contrast-light': { setting: 'Default High Contrast Light', label: 'Light High Contrast', file: 'hc_light' },
};

/** Where pictures of the documentation lie. */
const imagesFolder = path.join('docs', 'images');
/** Where pictures of windows lie in which a step failed. */
export const failuresFolder = path.join('out-test', 'failures');

export interface WindowOptions {
  readonly theme: Theme;
  /** Path of a file that is shown from the start, relative to the workspace folder. */
  readonly openFile?: string;
}

export interface WorkbenchWindow {
  readonly page: Page;
  /** Texts the browser's console got at level "error", for what nobody expects. */
  consoleErrors(): readonly string[];
  /** Runs a command by the title that the palette shows, category included (`Whence: Trace…`). */
  runCommand(title: string): Promise<void>;
  /** Shows a file of the workspace through quick open, and waits for its tab. */
  openFile(relativePath: string): Promise<void>;
  /** Takes the first row of the open quick pick that holds a text ('' is any). */
  pickRow(text: string): Promise<void>;
  /** What was refused by a content security policy of ours: the workbench's own requests for a gallery are not. */
  brokenPolicies(): readonly string[];
  /** Changes the theme of the open window. */
  setTheme(theme: Theme): Promise<void>;
  /** The document inside the webview whose frame is shown; waits for its body. */
  webview(): Promise<FrameLocator>;
  /** Texts of the notifications that were not dismissed; `severity` picks one kind. */
  notifications(severity: 'error' | 'warning' | 'info'): Promise<string[]>;
  /** Text of the status bar's items. */
  statusBar(): Promise<string[]>;
  /** One atomic wait in the page: `predicate` sees one state of the DOM, which views redraw at any moment. */
  waitFor<A>(predicate: (argument: A) => unknown, argument: A): Promise<void>;
  /**
   * Takes a picture; a documentation picture `docs/images/<name>-<theme>.png` is written only where
   * `WHENCE_UPDATE_IMAGES=1`. Gives the picture's bytes (PNG), so that a test can look at it.
   */
  screenshot(name: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** Opens a window on the workbench's folder and waits until the workbench has restored its parts. */
export async function openWindow(
  workbench: Workbench,
  browser: Browser,
  options: WindowOptions,
): Promise<WorkbenchWindow> {
  workbench.writeSettings({
    ...workbench.options.settings,
    'workbench.colorTheme': themes[options.theme].setting,
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US' });
  await context.addInitScript(countPressesOnRows);
  const page = await context.newPage();
  page.setDefaultTimeout(defaultTimeout);
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  const workspace = workbench.options.workspaceFolder;
  await page.goto(
    windowAddress(workbench, {
      developmentFolders: developmentFolders(workbench),
      ...(options.openFile === undefined ? {} : { openFile: path.join(workspace, options.openFile) }),
    }),
  );
  let theme = options.theme;
  const waitFor = async <A>(predicate: (argument: A) => unknown, argument: A): Promise<void> => {
    await showing('waiting', page.waitForFunction(predicate as (argument: unknown) => unknown, argument));
  };
  /** Where a step of a window fails, what it showed then is the first thing to look at. */
  const showing = async <T>(step: string, action: Promise<T>): Promise<T> => {
    try {
      return await action;
    } catch (error) {
      const file = path.join(failuresFolder, `${step.replaceAll(/[^a-zA-Z0-9]+/g, '-')}.png`);
      await page.screenshot({ path: file });
      throw new Error(`${step} failed; ${file} shows the window. ${errors.slice(-5).join('\n')}`, { cause: error });
    }
  };
  const rowOf = (label: string) =>
    page
      .locator('.quick-input-widget:visible .monaco-list-row')
      .filter({ has: page.locator('.label-name').getByText(label, { exact: true }) })
      .first();
  const quickInput = page.locator('.quick-input-widget:visible input[type="text"]').first();
  const isOpen = async () => (await page.locator('.quick-input-widget:visible').count()) > 0;
  /**
   * Clicks a row of the quick input. A pointer that rests where the list appears brings up the row's hover, which then
   * lies over the row for as long as the pointer rests: so it leaves first, and again where the click met a hover.
   * 'closed': something else took the focus before the click, which closes the list.
   */
  const take = async (row: Locator): Promise<'taken' | 'closed'> => {
    const before = await page.evaluate(pressesOnRows);
    return pollFor('a click on a row of the quick input', async () => {
      await page.mouse.move(page.viewportSize()!.width / 2, page.viewportSize()!.height * 0.8);
      try {
        await row.click({ timeout: 3000 });
        return 'taken';
      } catch (error) {
        if (!(error instanceof playwrightErrors.TimeoutError)) throw error;
        if (await isOpen()) return undefined;
        // On a busy machine a click may be told as too late that was taken.
        return (await page.evaluate(pressesOnRows)) > before ? 'taken' : 'closed';
      }
    });
  };
  /**
   * Fills the quick input and takes the row with exactly that label: the first row is often another one. The list holds
   * what was there when it opened, and a view or webview that takes the focus closes it: then it is opened once more.
   */
  const choose = async (shortcut: string, text: string, label: string): Promise<void> => {
    await pollFor(`${label} to be listed`, async () => {
      await page.keyboard.press(shortcut);
      try {
        await quickInput.fill(text, { timeout: 8000 });
        await rowOf(label).waitFor({ timeout: 8000 });
      } catch (error) {
        if (!(error instanceof playwrightErrors.TimeoutError)) throw error;
        await page.keyboard.press('Escape');
        return undefined;
      }
      return (await take(rowOf(label))) === 'taken' ? true : undefined;
    });
  };
  const pick = (shortcut: string, text: string, label: string) =>
    showing(`choosing ${label}`, choose(shortcut, text, label));

  const isThemed = (name: string) => document.querySelector('.monaco-workbench')?.classList.contains(name) === true;
  const chooseTheme = async () => {
    const { label, file } = themes[theme];
    const className = `vscode-theme-defaults-themes-${file}-json`;
    if (await page.evaluate(isThemed, className)) return;
    // The list is made when it opens, which may be before the extension with the themes is known: then once more.
    const listed = pollFor(`the theme ${label}`, async () => {
      await choose('F1', '>Preferences: Color Theme', 'Preferences: Color Theme');
      await page.getByPlaceholder('Select Color Theme').fill(label);
      try {
        await rowOf(label).click({ timeout: 8000 });
        return true;
      } catch (error) {
        if (!(error instanceof playwrightErrors.TimeoutError)) throw error;
        await page.keyboard.press('Escape');
        return undefined;
      }
    });
    await showing(`choosing the theme ${label}`, listed);
    await waitFor(isThemed, className);
  };

  await page.waitForFunction('globalThis.driver !== undefined');
  await page.evaluate('globalThis.driver.whenWorkbenchRestored()');
  // A window that asks for its theme before the extension with the themes is known keeps the default one.
  await chooseTheme();

  return {
    page,
    consoleErrors: () => errors,
    runCommand: (title) => pick('F1', `>${title}`, title),
    async openFile(relativePath) {
      const name = path.basename(relativePath);
      const isShown = (label: string): boolean =>
        [...document.querySelectorAll('.tabs-container .tab.active')].some((tab) =>
          tab.getAttribute('data-resource-name')?.includes(label),
        );
      // In quotes it is meant as it is written: else files with like names come and go in the list while one clicks. A
      // webview that takes the focus while it loads closes the list: then it is opened once more.
      const opened = pollFor(`${name} to be open`, async () => {
        await choose('Control+KeyP', `"${name}"`, name);
        try {
          await page.waitForFunction(isShown, name, { timeout: 10_000 });
          return true;
        } catch (error) {
          if (!(error instanceof playwrightErrors.TimeoutError)) throw error;
          return undefined;
        }
      });
      await showing(`opening ${name}`, opened);
    },
    async pickRow(text) {
      const row = page.locator('.quick-input-widget:visible .monaco-list-row').filter({ hasText: text }).first();
      assert.equal(await showing(`picking ${text}`, take(row)), 'taken');
    },
    // The workbench's own requests for a gallery, which are not answered here, break its `connect-src`; ours is `default-src`.
    brokenPolicies: () => errors.filter((text) => /(?:style|script|font|img|frame|default)-src/.test(text)),
    async setTheme(next) {
      theme = next;
      await chooseTheme();
    },
    async webview() {
      const frame = page.frameLocator('iframe.webview.ready').first().frameLocator('#active-frame');
      await frame.locator('body').waitFor();
      return frame;
    },
    async notifications(severity) {
      // A window that is driven shows none by itself: they are in the list behind the bell.
      const bell = page.locator('.statusbar-item[id="status.notifications"]');
      const list = page.locator('.notifications-center.visible');
      const isOpen = await list.isVisible();
      if (!isOpen) await bell.click();
      await list.waitFor();
      const texts = await list
        .locator(`.notification-list-item:has(.notification-list-item-icon.codicon-${severity})`)
        .locator('.notification-list-item-message')
        .allInnerTexts();
      if (!isOpen) await bell.click();
      return texts;
    },
    statusBar: async () =>
      (await page.locator('.statusbar-item .statusbar-item-label').allInnerTexts()).map((text) => text.trim()),
    waitFor,
    async screenshot(name) {
      const update = process.env.WHENCE_UPDATE_IMAGES === '1';
      if (update) mkdirSync(imagesFolder, { recursive: true });
      return page.screenshot(update ? { path: path.join(imagesFolder, `${name}-${theme}.png`) } : {});
    },
    close: () => context.close(),
  };
}

/** Counts presses of the pointer on rows of the quick input; runs in every page before its own scripts. */
function countPressesOnRows(): void {
  const counted = globalThis as { pressesOnRows?: number };
  counted.pressesOnRows = 0;
  addEventListener(
    'mousedown',
    ({ target }) => {
      if (target instanceof Element && target.closest('.quick-input-widget .monaco-list-row') !== null)
        counted.pressesOnRows = (counted.pressesOnRows ?? 0) + 1;
    },
    { capture: true },
  );
}

/** Runs in the page. */
function pressesOnRows(): number {
  return (globalThis as { pressesOnRows?: number }).pressesOnRows ?? 0;
}
