/**
 * Entry of the engine, a child process that `jobs/` forks: one job in, progress and results out, over IPC. It computes
 * and nothing else. It never writes to stdout, never forks, never reaches for the network, and ends by itself when it
 * has been idle for long enough or its parent is gone.
 */
import { setFlagsFromString } from 'node:v8';
import { jobTable } from './jobTable';
import { serveJobs } from './serveJobs';

// Node 20 has fused multiply-add behind this flag, later ones without it. It must come before the first kernel is compiled;
// threads have it too.
if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString('--experimental-wasm-relaxed-simd');

serveJobs(jobTable);
