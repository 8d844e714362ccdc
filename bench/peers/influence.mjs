// Bundles influenceSpeed.ts into .cache/bench/ and runs it: node bench/peers/influence.mjs --help
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const outdir = path.join(root, '.cache', 'bench', 'programs');

await build({
  absWorkingDir: root,
  entryPoints: {
    influenceSpeed: 'bench/peers/influenceSpeed.ts',
    rawMatMul: 'bench/rawMatMul.ts',
    whenceInfluence: 'bench/peers/whenceInfluence.ts',
    linalgWorker: 'src/workers/main.ts',
  },
  outdir,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  sourcemap: true,
  logLevel: 'warning',
  outExtension: { '.js': '.mjs' },
});
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', path.join(outdir, 'influenceSpeed.mjs'), ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
