/** Jobs as the editor asks for them and shows them. Lines are 0-based, as LSP's. */
import type { BehaviourCase, TestResult } from './behaviour';
import type { UserErrorData } from './errors';
import type { Measurement, TraceMethod } from './influence';
import type { MemoryUse, Progress } from './jobs';
import type { AskResult, Prompt, Sampling } from './requests';
import type { Removal, VerifyResult } from './verification';

/** A row of an open or named file. */
export interface RowReference {
  readonly uri: string;
  /** 0-based line. */
  readonly line: number;
}

/** A behaviour to trace, as the editor picks it. */
export type BehaviourChoice =
  /** One line of a file of queries. */
  | { readonly kind: 'queryLine'; readonly uri: string; readonly line: number }
  /** All queries of whence.json. */
  | { readonly kind: 'workspaceQueries' }
  /** A prompt with what the model said (or is to be asked). */
  | {
      readonly kind: 'text';
      readonly prompt: Prompt;
      /** null: the model's own answer is traced. */
      readonly completion: string | null;
      /** The other side of a margin. */
      readonly rejected: string | null;
      readonly measurement: Measurement | null;
    };

/** What the editor asks to have done; models and files by their names in whence.json, null: the default. */
export type EditorJob =
  | {
      readonly kind: 'ask';
      readonly models: readonly string[];
      readonly prompts: readonly Prompt[];
      readonly template: 'chat' | 'raw';
      readonly sampling: Sampling;
      readonly maxTokens: number;
    }
  | {
      readonly kind: 'trace';
      readonly model: string | null;
      readonly behaviour: BehaviourChoice;
      readonly methods: readonly TraceMethod[];
      /** `always`: rows are ranked though the base does it too. */
      readonly rank: 'whenBaseDoesNot' | 'always';
    }
  /** A trace again, in its place: for rows that were edited or added since, by other methods, or ranked all the same. */
  | {
      readonly kind: 'retrace';
      readonly trace: string;
      /** Beside those it was traced by. */
      readonly methods: readonly TraceMethod[];
      readonly rank: 'whenBaseDoesNot' | 'always';
    }
  | { readonly kind: 'index'; readonly model: string | null }
  /** Losses of a file's rows under a model and its base, for dossiers. */
  | { readonly kind: 'score'; readonly model: string | null; readonly uri: string }
  | {
      readonly kind: 'test';
      /** null: all tests of whence.json. */
      readonly ids: readonly string[] | null;
      /** null: the default model beside its base. */
      readonly models: readonly string[] | null;
    }
  | {
      readonly kind: 'verify';
      readonly trace: string;
      readonly query: number;
      readonly removal: Removal;
      readonly randomRemovals: number;
      /** Whether the workspace's behaviour tests run before and after. */
      readonly tests: 'none' | 'workspace';
    }
  | {
      readonly kind: 'probe';
      readonly model: string | null;
      /** Name in whence.json, or path; null: the default rows. */
      readonly data: string | null;
      /** As `whence probe --position`; empty: the usual one. */
      readonly positions: readonly string[];
      readonly task:
        | { readonly kind: 'label'; readonly label: string; readonly only: readonly string[] }
        | { readonly kind: 'concept'; readonly positive: readonly string[]; readonly negative: readonly string[] };
    }
  | PruneProposeJob
  /** Writes one mask of a kept proposal into a new folder. */
  | {
      readonly kind: 'pruneApply';
      readonly analysis: string;
      /** One of the proposal's shares. */
      readonly alpha: number;
      /** Absolute; must not exist. */
      readonly out: string;
    }
  /** Deletes what was applied, and nothing else. */
  | { readonly kind: 'pruneUndo' /** Absolute. */; readonly applied: string };
export type EditorJobKind = EditorJob['kind'];

/** Masks of a fine-tune, measured. Files by their names in whence.json, or paths. */
export interface PruneProposeJob {
  readonly kind: 'prunePropose';
  readonly model: string | null;
  readonly realign: readonly string[];
  /** null: some realign rows are held back. */
  readonly harmful: string | null;
  readonly benign: string;
  readonly tests: string;
  /** Shares to try; null: the usual ones. */
  readonly alphas: readonly number[] | null;
  /** Points of the curve that get random and magnitude masks too; null: the usual number. */
  readonly controls: number | null;
}

/** What a job yields, by its kind. */
export type EditorResult =
  | { readonly kind: 'ask'; readonly result: AskResult }
  | { readonly kind: 'trace'; readonly trace: string }
  | { readonly kind: 'retrace'; readonly trace: string }
  | { readonly kind: 'index'; readonly rows: number; readonly computed: number }
  | { readonly kind: 'score'; readonly rows: number }
  | { readonly kind: 'test'; readonly result: TestResult; readonly cases: readonly BehaviourCase[] }
  | { readonly kind: 'verify'; readonly result: VerifyResult; readonly trace: string; readonly query: number }
  /** Kept: `whence/analysis` has the whole of it. */
  | { readonly kind: 'probe'; readonly analysis: string }
  | { readonly kind: 'prunePropose'; readonly analysis: string }
  | {
      readonly kind: 'pruneApply';
      /** Absolute. */
      readonly out: string;
      readonly form: 'adapter' | 'model';
      readonly pruned: number;
      readonly entries: number;
    }
  | {
      readonly kind: 'pruneUndo';
      /** Names in the folder. */
      readonly deleted: readonly string[];
      readonly kept: readonly string[];
    };

/** A job as views show it. */
export interface JobView {
  readonly id: string;
  readonly kind: EditorJobKind;
  readonly title: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly progress: Progress | null;
  /** What it was predicted to take: one line for people. */
  readonly cost: string | null;
  readonly device: string | null;
  readonly memory: MemoryUse | null;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly seconds: number | null;
  readonly error: UserErrorData | null;
  /** What came of it, one line for people. */
  readonly outcome: string | null;
}
