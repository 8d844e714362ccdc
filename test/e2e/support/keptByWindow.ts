/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { waitFor } from './waitFor';

/**
 * Waits until the editor has written what it keeps of its panels and until that holds a pattern. A workbench in a browser
 * writes it every few seconds and not when the page goes, so what was done just before a reload is not kept.
 *
 * @param pattern of the text of the stored values, in which JSON stands inside of JSON: quotes are escaped
 */
export async function keptByWindow(page: Page, pattern: RegExp): Promise<void> {
  await waitFor(`the window to have kept ${pattern.source}`, async () => {
    const kept = await page.evaluate(storedValues);
    return kept.some((value) => pattern.test(value)) ? true : undefined;
  });
}

/** Every text that the page's databases hold; runs in the page. */
async function storedValues(): Promise<string[]> {
  const answerOf = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const values: unknown[] = [];
  for (const { name } of await indexedDB.databases()) {
    if (name === undefined) continue;
    const database = await answerOf(indexedDB.open(name));
    for (const store of database.objectStoreNames)
      values.push(...(await answerOf(database.transaction(store).objectStore(store).getAll())));
    database.close();
  }
  return values.filter((value) => typeof value === 'string');
}
