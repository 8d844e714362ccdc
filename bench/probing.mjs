// Bundles bench/probingRates.ts into .cache/bench/probing/ and runs it: node bench/probing.mjs [--model M] [--rows N] [--peer]
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const outdir = path.join(root, '.cache', 'bench', 'probing');

await build({
  absWorkingDir: root,
  entryPoints: { main: 'bench/probingRates.ts', linalgWorker: 'src/workers/main.ts' },
  outdir,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
  outExtension: { '.js': '.mjs' },
});
const { status } = spawnSync(process.execPath, [path.join(outdir, 'main.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
