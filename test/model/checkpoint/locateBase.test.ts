import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { locateBase } from '../../../src/model/checkpoint/locateBase';
import { UserError } from '../../../src/protocol/errors';

describe('locateBase', () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-base-'));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  function makeModel(...parts: string[]): string {
    const folder = path.join(scratch, ...parts);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'config.json'), '{}');
    return folder;
  }

  function locate(name: string | undefined, environment: Record<string, string> = {}, config = {}): string {
    const adapter = { folder: path.join(scratch, 'adapters', 'a'), baseModelNameOrPath: name, config };
    return locateBase(adapter, { workingFolder: path.join(scratch, 'work'), environment, homeFolder: scratch });
  }

  it('a path counts from the adapter first, then from the working folder', () => {
    const fromWork = makeModel('work', 'base');
    assert.equal(locate('base'), fromWork);
    const fromAdapter = makeModel('adapters', 'a', 'base');
    assert.equal(locate('base'), fromAdapter);
  });

  it('a repository is found in the cache by the commit of its branch', () => {
    const folder = ['.cache', 'huggingface', 'hub', 'models--org--name'];
    const snapshot = makeModel(...folder, 'snapshots', 'abc123');
    makeModel(...folder, 'snapshots', 'other');
    mkdirSync(path.join(scratch, ...folder, 'refs'));
    writeFileSync(path.join(scratch, ...folder, 'refs', 'main'), 'abc123');
    assert.equal(locate('org/name'), snapshot);
    assert.equal(locate('org/name', {}, { revision: 'abc123' }), snapshot);
  });

  it('the cache is where the environment says', () => {
    const one = makeModel('hf', 'hub', 'models--org--name', 'snapshots', 'main');
    const two = makeModel('elsewhere', 'models--org--name', 'snapshots', 'main');
    assert.equal(locate('org/name', { HF_HOME: path.join(scratch, 'hf') }), one);
    const both = { HF_HOME: path.join(scratch, 'hf'), HF_HUB_CACHE: path.join(scratch, 'elsewhere') };
    assert.equal(locate('org/name', both), two);
  });

  it('a GGUF file is taken only where the adapter names it', () => {
    const file = path.join(scratch, 'work', 'base.gguf');
    mkdirSync(path.dirname(file));
    writeFileSync(file, 'x');
    assert.throws(() => locate('base'), { code: 'base-not-found' });
    assert.equal(locate('base.gguf'), file);
  });

  it('an error says what was tried', () => {
    assert.throws(
      () => locate('org/name'),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /adapters.*work.*models--org--name/);
        return true;
      },
    );
    assert.throws(() => locate(undefined), { code: 'base-unnamed' });
  });

  it('a name or revision never leads out of the cache', () => {
    makeModel('secret', 'snapshots', 'main');
    for (const name of ['../../../secret', '..', 'a/../../secret', 'org/..']) {
      assert.throws(() => locate(name, { HF_HUB_CACHE: path.join(scratch, 'x', 'y') }), { code: 'base-not-found' });
    }
    assert.throws(() => locate('org/name', {}, { revision: '../../../../secret' }), { code: 'base-not-found' });
  });
});
