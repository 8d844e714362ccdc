#!/usr/bin/env node
/**
 * cli/ is the command line: it reads flags, starts jobs in an engine process, shows progress and prints results.
 * It never computes: no tensor library is loaded in this process, and commands load their code when they run.
 */
import { guardOutput } from './guardOutput';
import { buildProgram } from './program';
import { reportFailure } from './reportFailure';

guardOutput();
process.exitCode = await buildProgram()
  .parseAsync()
  .then(() => process.exitCode ?? 0, reportFailure);
