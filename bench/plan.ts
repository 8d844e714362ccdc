/** What is measured, in the order in which it is shown. */
import type { StageName } from './protocol';
import type { BenchShape } from './shapes';

export interface PlannedStage {
  /** As given to --stages. */
  readonly id: string;
  readonly title: string;
  readonly stage: StageName;
  /** Columns of each of the two projections of a weight gradient; 0 where there are none. */
  readonly projection: number;
}

export const plannedStages: readonly PlannedStage[] = [
  { id: 'forward', title: 'forward + loss', stage: 'forward', projection: 0 },
  { id: 'backward', title: 'forward + backward to inputs', stage: 'forwardBackward', projection: 0 },
  { id: 'projected16', title: '+ projected per-row gradients, 16 x 16', stage: 'projectedGradients', projection: 16 },
  { id: 'projected64', title: '+ projected per-row gradients, 64 x 64', stage: 'projectedGradients', projection: 64 },
  { id: 'lora', title: 'LoRA step, r = 8, q and v', stage: 'loraStep', projection: 0 },
  { id: 'full', title: 'full AdamW step', stage: 'fullStep', projection: 0 },
  { id: 'generate', title: 'greedy generation', stage: 'generate', projection: 0 },
];

export const loraRank = 8;
export const promptTokens = 32;
export const newTokens = 64;

/** Tokens that one repeat gets done, for tokens per second. */
export function tokensOfRepeat(shape: BenchShape, { stage }: PlannedStage): number {
  return stage === 'generate' ? newTokens : shape.batch * shape.tokens;
}
