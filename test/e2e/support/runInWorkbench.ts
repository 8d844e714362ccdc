import type { HostResult } from './hostResult';
import { runInHost } from './runInHost';
import { startWorkbench, type WorkbenchOptions } from './startWorkbench';

/** Runs one suite in a workbench that is started for it and ended after it. */
export async function runInWorkbench(suite: string, options: WorkbenchOptions): Promise<HostResult> {
  const workbench = await startWorkbench(options);
  try {
    return await runInHost(suite, workbench);
  } finally {
    await workbench.close();
  }
}
