/**
 * The messages between whoever wants a job done (`jobs/`) and the engine that does it (`engine/`). Both sides check
 * every message before they use it: shape, depth, count and size are bounded.
 */
import type { TestRequest, TestResult } from './behaviour';
import type { DoctorRequest, DoctorResult } from './doctor';
import type { UserErrorData } from './errors';
import type { IndexRequest, IndexResult, TraceRequest, TraceResult } from './influence';
import type { ProbeRequest, ProbeResult } from './probing';
import type { PruneApplyRequest, PruneApplyResult, PruneProposeRequest, PruneProposeResult } from './pruning';
import type {
  AskRequest,
  AskResult,
  DeviceName,
  InspectDataRequest,
  InspectDataResult,
  InspectModelRequest,
  InspectModelResult,
  ModelNeedsRequest,
  ModelNeedsResult,
  ScoreRequest,
  ScoreResult,
  TrainRequest,
  TrainResult,
} from './requests';
import type { EvaluateRequest, EvaluateResult, VerifyRequest, VerifyResult } from './verification';

/** Every job: what it is asked and what it yields. A new line here stops the build until the engine has its handler. */
export interface Jobs {
  doctor: { readonly request: DoctorRequest; readonly result: DoctorResult };
  inspectModel: { readonly request: InspectModelRequest; readonly result: InspectModelResult };
  inspectData: { readonly request: InspectDataRequest; readonly result: InspectDataResult };
  modelNeeds: { readonly request: ModelNeedsRequest; readonly result: ModelNeedsResult };
  ask: { readonly request: AskRequest; readonly result: AskResult };
  score: { readonly request: ScoreRequest; readonly result: ScoreResult };
  test: { readonly request: TestRequest; readonly result: TestResult };
  index: { readonly request: IndexRequest; readonly result: IndexResult };
  trace: { readonly request: TraceRequest; readonly result: TraceResult };
  probe: { readonly request: ProbeRequest; readonly result: ProbeResult };
  train: { readonly request: TrainRequest; readonly result: TrainResult };
  verify: { readonly request: VerifyRequest; readonly result: VerifyResult };
  evaluate: { readonly request: EvaluateRequest; readonly result: EvaluateResult };
  prunePropose: { readonly request: PruneProposeRequest; readonly result: PruneProposeResult };
  pruneApply: { readonly request: PruneApplyRequest; readonly result: PruneApplyResult };
}

export type JobKind = keyof Jobs;
export type JobRequest = Jobs[JobKind]['request'];

/** How far a job is. */
export interface Progress {
  /** What is being done, a few words. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  /** Units a second; absent until there is an estimate. */
  readonly rate?: number;
  readonly secondsLeft?: number;
  readonly note?: string;
}

export type LogLevel = 'debug' | 'info' | 'warning';

/** Memory of a job: announced before, measured after. Bytes of anonymous (not file-backed) memory of the engine. */
export interface MemoryUse {
  /** Undefined where the job announced nothing. */
  readonly estimatedBytes: number | undefined;
  readonly peakBytes: number;
  /** What the engine held before the job began. */
  readonly beforeBytes: number;
  /** Peak of all resident memory, mapped weights included. */
  readonly peakResidentBytes: number;
  /** `resident`: the platform does not tell anonymous from mapped memory, so `peakBytes` holds both. */
  readonly measuredAs: 'anonymous' | 'resident';
}

/** What every result carries beside the job's own. */
export interface JobOutcome<Result> {
  readonly result: Result;
  /** Undefined for a job that computed nothing. */
  readonly device: { readonly device: DeviceName; readonly reason: string } | undefined;
  readonly memory: MemoryUse;
  readonly seconds: number;
}

/** To the engine. */
export type EngineCommand =
  | {
      readonly type: 'run';
      readonly id: number;
      readonly request: JobRequest;
      /** Seconds to stay alive with the model afterwards. */
      readonly idleSeconds: number;
    }
  | { readonly type: 'stop' };

/** From the engine. */
export type EngineReply =
  | { readonly type: 'ready' }
  | { readonly type: 'accepted'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'log'; readonly id: number; readonly level: LogLevel; readonly text: string }
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'result'; readonly id: number; readonly outcome: JobOutcome<unknown> }
  /** An error meant for the user. */
  | { readonly type: 'error'; readonly id: number; readonly error: UserErrorData }
  /** A fault of the engine itself: its stack. */
  | { readonly type: 'fault'; readonly id: number; readonly stack: string };
