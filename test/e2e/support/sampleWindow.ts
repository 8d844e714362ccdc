import type { Browser } from 'playwright-core';
import { type CopiedWorkspace, copySample } from './copySample';
import { openBrowser } from './openBrowser';
import { openWindow, type WindowOptions, type WorkbenchWindow } from './openWindow';
import { type ExtensionUnderTest, startWorkbench, type Trust, type Workbench } from './startWorkbench';

export interface SampleWindowOptions extends WindowOptions {
  readonly extension: ExtensionUnderTest;
  readonly trust: Trust;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface SampleWindow {
  readonly workspace: CopiedWorkspace;
  readonly workbench: Workbench;
  readonly browser: Browser;
  readonly window: WorkbenchWindow;
  /** Ends and removes all of it. */
  close(): Promise<void>;
}

/** A window on a copy of the sample workspace, with a workbench and a browser of its own: what most suites begin with. */
export async function openSampleWindow(options: SampleWindowOptions): Promise<SampleWindow> {
  const workspace = copySample();
  const opened: (() => Promise<unknown>)[] = [() => workspace.remove()];
  const close = async () => {
    for (const undo of opened.toReversed()) await undo();
  };
  try {
    const workbench = await startWorkbench({ ...options, workspaceFolder: workspace.folder, environment: {} });
    opened.push(() => workbench.close());
    const browser = await openBrowser();
    opened.push(() => browser.close());
    const window = await openWindow(workbench, browser, options);
    return { workspace, workbench, browser, window, close };
  } catch (error) {
    await close();
    throw error;
  }
}
