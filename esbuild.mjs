// Builds what ships (dist/) and, with --tests, the test suites (out-test/).
import { chmod, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  splitting: true,
  sourcemap: true,
  logLevel: 'warning',
  outExtension: { '.js': '.mjs' },
  // Packages' module builds first: UMD builds (jsonc-parser) cannot be bundled.
  mainFields: ['module', 'main'],
  // onnxruntime-node holds native code and stays a package; CommonJS packages inside ESM chunks need `require`.
  external: ['onnxruntime-node'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};

/** Suites that run inside VS Code's extension host, under test/. */
const hostSuites = path.join('e2e', 'host');

// Suites, and programs that suites start as child processes.
async function testFiles(folder) {
  const entries = await readdir(folder, { recursive: true });
  return entries
    .filter((name) => /\.(?:test|child)\.ts$/.test(name) && !name.startsWith(hostSuites))
    .map((name) => ({ in: path.join(folder, name), out: name.replace(/\.ts$/, '') }));
}

await rm('dist', { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: {
    cli: 'src/cli/main.ts',
    server: 'src/server/main.ts',
    engine: 'src/engine/main.ts',
    linalgWorker: 'src/workers/main.ts',
  },
  outdir: 'dist',
});
await chmod('dist/cli.mjs', 0o755);
// Panels run in the editor's webviews, the report in any browser: plain scripts without further files.
await build({
  bundle: true,
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
  minify: true,
  logLevel: 'warning',
  entryPoints: [
    ...['ask', 'trace', 'verify', 'probing', 'pruning', 'report', 'largeFile'].flatMap((panel) => [
      { in: `src/webview/${panel}/main.ts`, out: panel },
      { in: `media/webview/${panel}.css`, out: panel },
    ]),
  ],
  outdir: 'dist/webview',
});
// The extension host loads CommonJS everywhere; modules only in newer editors.
await build({
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: true,
  logLevel: 'warning',
  mainFields: ['module', 'main'],
  external: ['vscode'],
  entryPoints: { extension: 'src/client/extension.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
});

if (process.argv.includes('--sample')) {
  await build({ ...shared, entryPoints: { 'make-sample': 'samples/make/main.ts' }, outdir: '.cache/tools' });
}

if (process.argv.includes('--tests')) {
  await rm('out-test', { recursive: true, force: true });
  await build({
    ...shared,
    entryPoints: [...(await testFiles('test')), { in: 'src/workers/main.ts', out: 'linalgWorker' }],
    outdir: 'out-test',
    packages: 'external',
  });
  await rm('out-test-host', { recursive: true, force: true });
  await build({
    ...shared,
    format: 'cjs',
    splitting: false,
    banner: {},
    outExtension: { '.js': '.cjs' },
    entryPoints: [
      'test/e2e/host/index.ts',
      ...(await readdir('test/e2e/host', { recursive: true }))
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => path.join('test/e2e/host', name)),
    ],
    outbase: 'test/e2e/host',
    outdir: 'out-test-host',
    packages: 'external',
  });
}
