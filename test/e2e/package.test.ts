import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageFiles, supportedTargets } from '../../packaging/packageFiles.mjs';
import { version } from '../../src/protocol/version';
import { describeInHost } from './support/describeInHost';

const folder = path.resolve('out-test', 'packages');
const target = `${process.platform}-${process.arch}`;
const vsix = path.join(folder, `whence-${target}-${version}.vsix`);

describe('the package', () => {
  before('is written', async () => {
    await promisify(execFile)(process.execPath, ['packaging/package.mjs', '--target', target, '--out', folder]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is at most 45 MB, of which the sample at most 8 MB', () => {
    assert.ok(statSync(vsix).size <= 45e6, `${statSync(vsix).size} bytes`);
    const sample = packageFiles(target).filter(({ file }) => file.startsWith('samples/'));
    assert.ok(sample.reduce((sum, { bytes }) => sum + bytes, 0) <= 8e6);
  });

  it('every target holds its own native libraries and no others, and nothing that only the repository needs', () => {
    assert.ok(supportedTargets().length >= 5);
    for (const each of supportedTargets()) {
      const files = packageFiles(each).map(({ file }) => file);
      const native = files.filter((file) => file.startsWith('node_modules/onnxruntime-node/bin/'));
      assert.ok(native.some((file) => file.endsWith('onnxruntime_binding.node')) && native.length >= 2, each);
      const [system, processor] = each.split('-');
      assert.deepEqual(
        native.filter((file) => !file.includes(`/${system}/${processor}/`)),
        [],
      );
      assert.deepEqual(
        files.filter((file) => /^(?:src|test|bench|packaging|docs|out-test)|\.map$|\.ts$|\.whence\//.test(file)),
        [],
      );
      for (const needed of ['package.json', 'dist/extension.cjs', 'dist/server.mjs', 'dist/engine.mjs', 'LICENSE'])
        assert.ok(files.includes(needed), `${each}: ${needed}`);
    }
  });

  describeInHost('packaged', {
    extension: { kind: 'vsix', path: vsix },
    trust: 'trusted',
    settings: {},
    environment: {},
    network: 'denied',
  });
});
