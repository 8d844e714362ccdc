import { type Browser, chromium } from 'playwright-core';
import { workbenchPaths } from '../setUp.mjs';

/** Flags that keep Chromium from the network (all but this machine) and from work that no test looks at. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  // Text of screenshots does not depend on the display's sub-pixels.
  '--disable-lcd-text',
  '--font-render-hinting=none',
];

/** Opens Chromium without a window, with a fresh profile; `close()` of what it gives ends it. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = workbenchPaths().chromium;
  if (executablePath === undefined) throw new Error('Chromium is missing: run `node test/e2e/setUp.mjs`');
  return chromium.launch({ executablePath, headless: true, args: flags });
}
