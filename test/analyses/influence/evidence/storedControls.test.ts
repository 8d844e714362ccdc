import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { storedControls } from '../../../../src/analyses/influence/evidence/storedControls';
import { openArtifacts } from '../../../../src/store/artifacts';
import { defaultStoreSettings } from '../../../../src/store/storeFolder';

describe('controls that are kept', () => {
  const answers = [
    { prompt: 2, text: 'An answer.', change: -0.25 },
    { prompt: 0, text: 'Another.', change: 0.125 },
  ];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'whence-controls-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = () => openArtifacts(folder, defaultStoreSettings, assert.fail);
  const never = (): never => assert.fail('they are made again');

  it('are made once for one key, and read by whoever opens the store next', async () => {
    assert.deepEqual(await storedControls(await open(), { rows: ['a'] }, async () => answers), answers);
    assert.deepEqual(await storedControls(await open(), { rows: ['a'] }, async () => never()), answers);
    assert.deepEqual(await storedControls(await open(), { rows: ['b'] }, async () => []), []);
  });

  it('are made again where what is kept cannot be read', async () => {
    await storedControls(await open(), { rows: ['a'] }, async () => answers);
    const kept = path.join(folder, 'artifacts/controls');
    const [name] = readdirSync(kept);
    const file = path.join(kept, name!);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"prompt":2', '"prompt":-2'));
    const artifacts = await openArtifacts(folder, defaultStoreSettings, () => undefined);
    assert.deepEqual(await storedControls(artifacts, { rows: ['a'] }, async () => answers.slice(1)), answers.slice(1));
  });
});
