import type { Frame } from 'playwright-core';
import type { SampleWindow } from './sampleWindow';
import { waitFor } from './waitFor';

/** The document of a panel that can be seen, once it has drawn something; a panel that computing opens is given more time. */
export async function panelFrame({ window }: SampleWindow, kind: string, milliseconds?: number): Promise<Frame> {
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
