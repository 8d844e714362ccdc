/**
 * What the coordinator (influenceSpeed.ts) and a stage of influence estimation say to each other, on top of
 * ../protocol.ts: the task first, one `go` for each repeat, the answers with more figures. Its other side is
 * influence_worker.py and any program given with --whence.
 */
import type { RepeatMessage } from '../protocol';

export const influenceStages = ['index', 'logra', 'ekfacFit', 'ekfacScores', 'bm25'] as const;
export type InfluenceStage = (typeof influenceStages)[number];

export interface InfluenceTask {
  readonly stage: InfluenceStage;
  /** Hugging Face folder, float32. */
  readonly modelFolder: string;
  /** Threads of one operator. */
  readonly threads: number;
  /** Token ids; every token but the first of a row is trained. */
  readonly rows: readonly (readonly number[])[];
  /** Token ids; the measurement is the summed loss of every token but the first. */
  readonly queries: readonly (readonly number[])[];
  readonly rowBatch: number;
  readonly queryBatch: number;
  /** Of logra: columns of each of the two projections of a weight gradient. */
  readonly projection: number;
  /** Of index: rank of the adapter on q_proj and v_proj. */
  readonly loraRank: number;
  /** Where the side keeps what it computes; ekfacScores finds there what ekfacFit left. */
  readonly folder: string;
  /** Of bm25: JSONL of {"text"}; what is asked. */
  readonly texts: string;
  readonly queryTexts: readonly string[];
}

/** `seconds` is the sum of the parts. */
export interface InfluenceRepeat extends RepeatMessage {
  /** Seconds of each step. */
  readonly parts: Readonly<Record<string, number>>;
  /** Rows that the repeat got done. */
  readonly rows: number;
  /** What it left on disk. */
  readonly diskMiB: number;
}
