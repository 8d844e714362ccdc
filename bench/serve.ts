/** The worker's half of protocol.ts: reads the task, gets the stage ready, answers each `go` with one timed repeat. */
import { createInterface } from 'node:readline';
import type { Check, StageMessage } from './protocol';

export interface PreparedStage {
  /** Library and settings, as shown in the report. */
  readonly library: string;
  /** Does the work of one repeat. */
  readonly repeat: () => Promise<Check>;
  /** Frees what the stage holds. */
  readonly end: () => Promise<void>;
}

export async function serve<Task>(prepare: (task: Task) => Promise<PreparedStage>): Promise<void> {
  const say = (message: StageMessage): void => {
    process.stdout.write(`${JSON.stringify(message)}\n`);
  };
  let stage: PreparedStage | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    if (stage === undefined) {
      stage = await prepare(JSON.parse(line) as Task);
      say({ event: 'ready', library: stage.library });
    } else if (line === 'go') {
      const start = performance.now();
      const check = await stage.repeat();
      say({ event: 'repeat', seconds: (performance.now() - start) / 1000, check });
    }
  }
  await stage?.end();
}
