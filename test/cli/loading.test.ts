import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cliFile } from './support/runCli';

const commands = readdirSync('src/cli/commands').map((name) => path.basename(name, '.ts'));

describe('usage', () => {
  it('no command at all, and one that is unknown, are usage errors that name what there is', () => {
    const bare = spawnSync(process.execPath, [cliFile], { encoding: 'utf8' });
    assert.equal(bare.status, 2);
    for (const command of commands) assert.ok(bare.stderr.includes(`  ${command} `), command);
    const unknown = spawnSync(process.execPath, [cliFile, 'trian'], { encoding: 'utf8' });
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /unknown command 'trian'[\s\S]*Did you mean train\?/);
  });

  it('the version is that of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    assert.equal(execFileSync(process.execPath, [cliFile, '--version'], { encoding: 'utf8' }), `${version}\n`);
  });
});

describe('what a command loads', () => {
  let scratch: string;
  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-load-'));
  });
  after(() => rmSync(scratch, { recursive: true }));

  /** Packages whose code a command loads in its own process, by the source maps of the files that it imports. */
  function packagesOf(args: readonly string[]): Set<string> {
    const trace = path.join(scratch, 'trace');
    writeFileSync(trace, '');
    const hooks = `import { appendFileSync } from 'node:fs';
      export async function load(url, context, next) { appendFileSync(${JSON.stringify(trace)}, url + '\\n'); return next(url, context); }`;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
    execFileSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(register)}`, cliFile, ...args],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const files = readFileSync(trace, 'utf8')
      .split('\n')
      .filter((url) => url.startsWith('file:'));
    assert.ok(files.includes(pathToFileURL(cliFile).href), 'the trace holds the entry');
    const sources = files.flatMap((url) => {
      const map = JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')) as { sources: string[] };
      return map.sources;
    });
    return new Set(sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []));
  }

  it('help: the argument parser alone', () => {
    assert.deepEqual([...packagesOf(['--help'])], ['commander']);
    assert.deepEqual([...packagesOf(['train', '--help'])], ['commander']);
  });

  it('a data file is inspected without the tensor library and without readers of other formats', () => {
    const loaded = packagesOf(['inspect', '--data', 'test/fixtures/data/openai.jsonl']);
    for (const unused of ['onnxruntime-node', 'onnxruntime-common', 'apache-arrow', 'hyparquet', 'hyparquet-writer']) {
      assert.ok(!loaded.has(unused), unused);
    }
  });

  it('help takes little longer than Node alone', function () {
    const median = (args: readonly string[]): number => {
      const times = Array.from({ length: 5 }, () => {
        const start = performance.now();
        execFileSync(process.execPath, args, { stdio: 'ignore' });
        return performance.now() - start;
      }).sort((a, b) => a - b);
      return times[2]!;
    };
    const node = median(['-e', '0']);
    const whence = median([cliFile, '--help']);
    this.test!.title += ` (${Math.round(whence - node)} ms beyond ${Math.round(node)} ms)`;
    // The bar is 150 ms on an idle machine; tests run beside each other.
    assert.ok(whence - node < 2000);
  });
});
