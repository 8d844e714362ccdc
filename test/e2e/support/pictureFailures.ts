import path from 'node:path';
import { failuresFolder } from './openWindow';
import type { SampleWindow } from './sampleWindow';

/** Characters of each document of a window that are told where a step failed. */
const told = 1500;

/**
 * Keeps what a window showed when a step of the suite around it failed: a picture in `out-test/failures`, and the texts
 * of its documents on the console, where a picture cannot be looked at.
 */
export function pictureFailures(sampleOf: () => SampleWindow | undefined): void {
  afterEach('picture of a failure', async function () {
    const failed = this.currentTest;
    const page = sampleOf()?.window.page;
    if (failed?.state !== 'failed' || page === undefined) return;
    const file = path.join(failuresFolder, `${failed.title.replaceAll(/[^a-zA-Z0-9]+/g, '-').slice(0, 80)}.png`);
    await page.screenshot({ path: file });
    const lines = [`${file} shows the window when this failed: ${failed.title}`];
    for (const frame of page.frames()) {
      const text = await frame.evaluate('document.body?.innerText ?? ""').catch((error: unknown) => String(error));
      const title = await frame.title().catch((error: unknown) => String(error));
      if (title !== '') lines.push(`--- ${title}`, String(text).replaceAll(/\s+/g, ' ').slice(0, told));
    }
    console.error(lines.join('\n'));
  });
}
