/**
 * Entry of the engine, a child process that `jobs/` forks: one job in, progress and results out, over IPC. It computes
 * and nothing else. It never writes to stdout, never forks, never reaches for the network, and ends by itself when it
 * has been idle for long enough or its parent is gone.
 */
import { jobTable } from './jobTable';
import { serveJobs } from './serveJobs';

serveJobs(jobTable);
