// Runs one suite in a workbench as a program of its own, so that it can live in a namespace of its own. Its one argument
// is a task as `runWithoutNetwork` writes it.
import { writeFileSync } from 'node:fs';
import { runInWorkbench } from './runInWorkbench';
import type { WorkbenchOptions } from './startWorkbench';

interface Task {
  readonly suite: string;
  readonly resultFile: string;
  readonly options: WorkbenchOptions;
}

const { suite, resultFile, options } = JSON.parse(process.argv[2]!) as Task;
writeFileSync(resultFile, JSON.stringify(await runInWorkbench(suite, options)));
