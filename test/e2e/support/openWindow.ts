/// <reference lib="dom" />
// One window of a workbench, in the browser, as a person uses it: keyboard, palette, files, panels, pictures.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import type { Workbench } from './startWorkbench';
import { defaultTimeout } from './waitFor';
import { developmentFolders, windowAddress } from './windowAddress';

export type Theme = 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

/** Name of each theme in settings and in the palette, and the class that its window has when the theme is in force. */
const themes: Readonly<
  Record<Theme, { readonly setting: string; readonly label: string; readonly className: string }>
> = {
  light: { setting: 'Light Modern', label: 'Light Modern', className: 'vs' },
  dark: { setting: 'Dark Modern', label: 'Dark Modern', className: 'vs-dark' },
  'high-contrast': { setting: 'Default High Contrast', label: 'Dark High Contrast', className: 'hc-black' },
  'high-contrast-light': {
    setting: 'Default High Contrast Light',
    label: 'Light High Contrast',
    className: 'hc-light',
  },
};

/** Where pictures of the documentation lie. */
const imagesFolder = path.join('docs', 'images');
/** Where pictures of windows lie in which a step failed. */
const failuresFolder = path.join('out-test', 'failures');

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
  /** Changes the theme of the open window. */
  setTheme(theme: Theme): Promise<void>;
  /** The document inside the webview whose frame is shown; waits for its body. */
  webview(): Promise<FrameLocator>;
  /** Texts of the notifications that are shown, worst first; `severity` picks one kind. */
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
  const waitForTheme = () =>
    waitFor((name) => document.querySelector('.monaco-workbench')?.classList.contains(name), themes[theme].className);

  await page.waitForFunction('globalThis.driver !== undefined');
  await page.evaluate('globalThis.driver.whenWorkbenchRestored()');
  await waitForTheme();

  /** Fills the quick input and takes the row with exactly that label: the first row is often another one. */
  const takeRow = async (text: string, label: string) => {
    const input = page.locator('.quick-input-widget:visible input[type="text"]').first();
    await input.fill(text);
    await page
      .locator('.quick-input-widget:visible .monaco-list-row')
      .filter({ has: page.locator('.label-name').getByText(label, { exact: true }) })
      .first()
      .click();
  };
  const pick = (shortcut: string, text: string, label: string) =>
    showing(
      `choosing ${label}`,
      page.keyboard.press(shortcut).then(() => takeRow(text, label)),
    );

  return {
    page,
    consoleErrors: () => errors,
    runCommand: (title) => pick('F1', `>${title}`, title),
    async openFile(relativePath) {
      const name = path.basename(relativePath);
      await pick('Control+KeyP', relativePath, name);
      await waitFor(
        (label) =>
          [...document.querySelectorAll('.tabs-container .tab.active')].some((tab) =>
            tab.getAttribute('data-resource-name')?.includes(label),
          ),
        name,
      );
    },
    async setTheme(next) {
      theme = next;
      await pick('F1', '>Preferences: Color Theme', 'Preferences: Color Theme');
      const { setting, label } = themes[next];
      await showing(`theme ${setting}`, takeRow(label, label));
      await waitForTheme();
    },
    async webview() {
      const frame = page.frameLocator('iframe.webview.ready').first().frameLocator('#active-frame');
      await frame.locator('body').waitFor();
      return frame;
    },
    notifications: (severity) =>
      page
        .locator(`.notification-list-item:has(.notification-list-item-icon.codicon-${severity})`)
        .locator('.notification-list-item-message')
        .allInnerTexts(),
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
