/** The document that the benchmark writes, and the figures derived from it. */
import type { Machine } from './machine';
import { type PlannedStage, tokensOfRepeat } from './plan';
import type { Check } from './protocol';
import type { BenchShape } from './shapes';
import type { PeakMemory } from './stageProcess';
import { type Spread, spreadOf } from './statistics';

/** One repeat with the machine's raw rate around it. */
export interface Sample {
  readonly seconds: number;
  /** Operations a second: mean of the raw MatMul rates measured right before and right after. */
  readonly rawRate: number;
}

export interface SideResult {
  readonly library: string;
  readonly samples: readonly Sample[];
  readonly memory: PeakMemory;
  /** Of the warm-up, where both sides start from the same weights. */
  readonly check: Check;
}

export interface StageResult {
  readonly shape: BenchShape;
  readonly planned: PlannedStage;
  /** Operations of one repeat (stageArithmetic); null where it is no measure. */
  readonly arithmetic: number | null;
  readonly whence: SideResult;
  /** Sample i ran right after Whence's sample i. */
  readonly peer: SideResult | null;
}

export interface BenchResults {
  readonly schema: 'whence.bench/1';
  readonly date: string;
  readonly machine: Machine;
  readonly threads: number;
  readonly command: string;
  readonly stages: readonly StageResult[];
}

/** Arithmetic / time / raw rate: 1 would be a model that is nothing but its matrix products. */
export function efficiency({ arithmetic }: StageResult, side: SideResult): Spread | undefined {
  if (arithmetic === null) return undefined;
  return spreadOf(side.samples.map(({ seconds, rawRate }) => arithmetic / seconds / rawRate));
}

/** Seconds x raw GFLOP/s / rows: the cost of a row on a machine whose raw rate is 1 GFLOP/s. */
export function costPerRow({ shape }: StageResult, side: SideResult): Spread {
  return spreadOf(side.samples.map(({ seconds, rawRate }) => (seconds * rawRate) / 1e9 / shape.batch));
}

export function tokensPerSecond({ shape, planned }: StageResult, side: SideResult): Spread {
  return spreadOf(side.samples.map(({ seconds }) => tokensOfRepeat(shape, planned) / seconds));
}

/** The peer's time / Whence's time, pair by pair: above 1 Whence is faster. */
export function speedUp({ whence, peer }: StageResult): Spread | undefined {
  if (peer === null) return undefined;
  return spreadOf(whence.samples.map(({ seconds }, i) => peer.samples[i]!.seconds / seconds));
}

/** Whether both sides computed the same: losses to 1e-3 relative, tokens exactly. undefined where nothing is comparable. */
export function agreement({ whence, peer }: StageResult): 'same' | 'different' | undefined {
  const [ours, theirs] = [whence.check, peer?.check];
  if (theirs === undefined) return undefined;
  if (ours.tokens !== undefined && theirs.tokens !== undefined)
    return ours.tokens.join() === theirs.tokens.join() ? 'same' : 'different';
  if (ours.loss === undefined || theirs.loss === undefined) return undefined;
  return Math.abs(ours.loss - theirs.loss) <= 1e-3 * Math.abs(theirs.loss) ? 'same' : 'different';
}
