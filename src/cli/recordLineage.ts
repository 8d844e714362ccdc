import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { UserError } from '../protocol/errors';
import type { InfluenceSubject } from '../protocol/influence';
import type { JsonObject } from '../protocol/json';
import { appendLineage } from '../store/lineage';

/** What a command did goes into the store's lineage: inputs by content, settings, metrics. */
export async function recordLineage(
  request: InfluenceSubject & { readonly kind: string },
  metrics: JsonObject,
): Promise<void> {
  const { kind, data, storeFolder, index, model, base, run } = request;
  const inputs = [];
  for (const { label, path } of data) inputs.push({ path: label, hash: await hashOf(path) });
  const settings = {
    model: model.label,
    base: base?.label ?? null,
    run: run ?? null,
    index: { ...index },
  } satisfies JsonObject;
  try {
    await appendLineage(storeFolder, { command: kind, parents: [], inputs, settings, metrics, outputs: [] });
  } catch (error) {
    // The result stands without its entry; a store that cannot be written to has said so before.
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`warning: no lineage entry was written: ${error.message}\n`);
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
