import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

describe('init', () => {
  it('what it proposes to run next can be pasted, whatever the folder is called', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'whence-init-'));
    cpSync('test/fixtures/models/llama', path.join(folder, 'my base'), { recursive: true });
    const run = spawnSync(process.execPath, [path.resolve('dist/cli.mjs'), 'init'], { cwd: folder, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /Next: whence inspect --model "my base"\n/);
    rmSync(folder, { recursive: true });
  });
});
