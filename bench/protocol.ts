/**
 * What the coordinator (main.ts) and a stage's process say to each other: JSON lines. Its other sides are worker.ts
 * (Whence) and peers/worker.py (PyTorch). First the task, then one `go` for each repeat; the process ends with its stdin.
 */

export const stageNames = [
  'forward',
  'forwardBackward',
  'projectedGradients',
  'loraStep',
  'fullStep',
  'generate',
] as const;
export type StageName = (typeof stageNames)[number];

export interface StageTask {
  readonly stage: StageName;
  /** Hugging Face folder, float32. */
  readonly modelFolder: string;
  /** Threads of one operator. */
  readonly threads: number;
  /** Token ids of the batch, rows of equal length; every token but the first of a row is trained. */
  readonly rows: readonly (readonly number[])[];
  /** Token ids that generation continues. */
  readonly prompt: readonly number[];
  /** Tokens to generate, whether or not the model would stop earlier. */
  readonly newTokens: number;
  /** Columns of each of the two projections of a weight gradient. */
  readonly projection: number;
  readonly loraRank: number;
}

/** What a repeat computed, to see that both sides did the same work. */
export interface Check {
  /** Mean loss over trained tokens, nats. */
  readonly loss?: number;
  readonly tokens?: readonly number[];
  /** Of the raw MatMul process: operations a second. */
  readonly rate?: number;
}

export interface ReadyMessage {
  readonly event: 'ready';
  /** Library and settings, as shown in the report. */
  readonly library: string;
}

export interface RepeatMessage {
  readonly event: 'repeat';
  readonly seconds: number;
  readonly check: Check;
}

export type StageMessage = ReadyMessage | RepeatMessage;
