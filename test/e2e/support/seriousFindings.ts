/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Frame } from 'playwright-core';

const source = path.join('node_modules', 'axe-core', 'axe.min.js');

/** What axe-core judges of one document; frames within it are judged on their own. */
const options: RunOptions = { resultTypes: ['violations'], iframes: false };

/**
 * What axe-core finds serious or critical in a document as it stands, one line for each element: rule, element, reason.
 * An empty list is a pass. The document's own content security policy stays in force.
 *
 * @throws Error where axe-core cannot run in the document, or judged nothing in it
 */
export async function seriousFindings(frame: Frame): Promise<readonly string[]> {
  if (!(await frame.evaluate(() => 'axe' in globalThis))) await frame.evaluate(readFileSync(source, 'utf8'));
  const { violations, passes } = await frame.evaluate(async (given) => {
    const { axe } = globalThis as unknown as { axe: { run(of: Document, by: RunOptions): Promise<AxeResults> } };
    // Colours of a theme that has just changed glide: their last frame is what is read.
    await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined)));
    const found = await axe.run(document, given);
    return { violations: found.violations, passes: found.passes.length };
  }, options);
  if (passes === 0) throw new Error('axe-core judged nothing in this document');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, impact, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) =>
          `${impact} ${id} ${target.join(' ')}: ${failureSummary?.replaceAll(/\s+/g, ' ')}`,
      ),
    );
}
