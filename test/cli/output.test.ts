import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const cli = `'${process.execPath}' '${path.resolve('dist/cli.mjs')}'`;

/** Exit code of the command line itself (not of its reader), and what it said on stderr. */
function inShell(line: string): { readonly status: number; readonly stderr: string } {
  const { status, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
  return { status: status ?? -1, stderr };
}

describe('output that cannot be written', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });
  const inspect = `${cli} inspect --data test/fixtures/data/openai.jsonl --json`;

  it('a reader that left early is no failure', () => {
    const { status, stderr } = inShell(`{ sleep 0.2; ${inspect}; echo "rc $?" >&2; } | true`);
    assert.equal(status, 0);
    assert.equal(stderr, 'rc 0\n');
  });

  it('nobody reading progress is no failure', () => {
    const { stderr } = inShell(`{ { sleep 0.2; ${inspect} --progress; } 2>&1 >/dev/null; } | true`);
    assert.equal(stderr, '');
  });

  it('a full disk is said in one sentence', function () {
    if (!existsSync('/dev/full')) this.skip();
    const { status, stderr } = inShell(`${inspect} > /dev/full`);
    assert.equal(status, 2);
    assert.match(stderr, /^whence: The result could not be written to stdout: ENOSPC.*\n.*--out/);
    assert.doesNotMatch(stderr, /at .*\.mjs/);
  });
});
