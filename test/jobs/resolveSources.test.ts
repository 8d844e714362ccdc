import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dataLimits } from '../../src/data/limits';
import { loadWorkspace } from '../../src/data/workspace/load';
import { resolveData } from '../../src/jobs/resolveSources';
import { UserError } from '../../src/protocol/errors';

describe('data that a command works on', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'whence-sources-'));
    for (const name of ['a.jsonl', 'b.jsonl']) writeFileSync(path.join(folder, name), '');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function labelsWith(configuration: object): Promise<string[]> {
    writeFileSync(path.join(folder, 'whence.json'), JSON.stringify(configuration));
    const { workspace } = await loadWorkspace(folder, dataLimits);
    return resolveData(undefined, { workspace, folder }).map(({ label }) => label);
  }

  it('is the only one that whence.json names, where it names no default', async () => {
    assert.deepEqual(await labelsWith({ data: { train: { path: 'a.jsonl' } } }), ['a.jsonl']);
  });

  it('is the default where there is one, and must be named where there are several', async () => {
    const data = { train: { path: 'a.jsonl' }, more: { path: 'b.jsonl' } };
    assert.deepEqual(await labelsWith({ data, defaults: { data: ['more'] } }), ['b.jsonl']);
    await assert.rejects(
      labelsWith({ data }),
      (error) => error instanceof UserError && error.code === 'data-missing' && /defaults/.test(error.next),
    );
  });
});
