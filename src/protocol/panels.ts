/**
 * What the editor's client and its webview panels say to each other. To a panel go whole snapshots, never changes, so
 * that a panel which was hidden and made anew shows the same; from a panel come typed actions. The other sides are
 * `client/panels/` and `webview/`; each checks what it is sent (`checkPanelMessages.ts`).
 */
import type { PanelTexts } from './display/panelTexts';
import type { AnalysisRecord } from './editor';
import type { ActiveFinding, TraceRecord, TraceSummary } from './editorFindings';
import type { JobView } from './editorJobs';
import type { UserErrorData } from './errors';
import type { TraceMethod } from './influence';
import type { Prompt, Sampling } from './requests';
import type { Removal, VerifyOutcome } from './verification';

export const panelKinds = ['ask', 'trace', 'verify', 'probing', 'pruning'] as const;
export type PanelKind = (typeof panelKinds)[number];

// --- Ask ---------------------------------------------------------------------------------------------------------------

/** One model's answer, as far as it has come. */
export interface AskedAnswer {
  readonly model: string;
  readonly text: string;
  /** What each token added to the text; null while the answer grows. */
  readonly pieces: readonly string[] | null;
  /** Natural logarithm of each token's probability. */
  readonly logprobs: readonly number[] | null;
  readonly finish: 'stop' | 'length' | null;
}

/** A prompt and what the models said to it. */
export interface AskTurn {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly when: number;
  readonly prompt: Prompt;
  readonly template: 'chat' | 'raw';
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly models: readonly string[];
  readonly answers: readonly AskedAnswer[];
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly error: UserErrorData | null;
  readonly tokensPerSecond: number | null;
}

export interface AskSnapshot {
  readonly models: readonly { readonly name: string; readonly base: string | null }[];
  /** Chosen at first: the default model and its base. */
  readonly defaultModels: readonly string[];
  readonly maxTokens: number;
  readonly trust: 'trusted' | 'restricted';
  /** Oldest first. */
  readonly turns: readonly AskTurn[];
  /** Why the last action was not done; null: it was. */
  readonly problem: string | null;
}

export type AskAction =
  | {
      readonly kind: 'ask';
      readonly text: string;
      /** The conversation goes on from this answer; null: it begins. */
      readonly after: { readonly turn: string; readonly answer: number } | null;
      readonly template: 'chat' | 'raw';
      readonly models: readonly string[];
      readonly sampling: Sampling;
      readonly maxTokens: number;
    }
  | { readonly kind: 'stop' }
  | {
      readonly kind: 'traceAnswer';
      readonly turn: string;
      readonly answer: number;
      /** Characters [from, to) of the answer. */
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: 'clear' };

// --- Trace -------------------------------------------------------------------------------------------------------------

export interface TraceSnapshot {
  /** null: there is no trace yet. */
  readonly record: TraceRecord | null;
  /** Rows of a query that were left out because there are too many to send; 0: none. */
  readonly omittedRows: number;
  readonly traces: readonly TraceSummary[];
  readonly active: ActiveFinding | null;
  /** `report`: nothing can be done from here, there is no editor. */
  readonly place: 'editor' | 'report';
  readonly problem: string | null;
}

/** A row as a panel names it. */
export interface PanelRow {
  readonly file: string;
  /** 0-based. */
  readonly row: number;
}

export const exportFormats = ['html', 'parquet', 'csv', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export type TraceAction =
  | { readonly kind: 'showTrace'; readonly trace: string }
  | { readonly kind: 'openRow'; readonly row: PanelRow }
  | { readonly kind: 'activate'; readonly query: number; readonly method: TraceMethod }
  | { readonly kind: 'verify'; readonly query: number }
  | { readonly kind: 'quarantine'; readonly query: number; readonly rows: readonly PanelRow[] }
  | { readonly kind: 'rankAlways'; readonly query: number }
  | { readonly kind: 'export'; readonly format: ExportFormat };

// --- Verify ------------------------------------------------------------------------------------------------------------

export interface VerifySnapshot {
  readonly trace: { readonly id: string; readonly title: string };
  readonly query: number;
  readonly prompt: string;
  readonly completion: string;
  /** Rows of the group that the trace lists first; 0: there is none. */
  readonly groupRows: number;
  /** Rows that were traced. */
  readonly rows: number;
  /** The retraining now, or the last one; null: none yet. */
  readonly job: JobView | null;
  readonly outcome: VerifyOutcome | null;
  readonly trust: 'trusted' | 'restricted';
  readonly problem: string | null;
}

export type VerifyAction =
  | {
      readonly kind: 'run';
      readonly removal: Exclude<Removal, { kind: 'rows' }>;
      readonly randomRemovals: number;
      readonly tests: 'none' | 'workspace';
    }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'showTrace' }
  | { readonly kind: 'openRow'; readonly row: PanelRow };

// --- Probing -----------------------------------------------------------------------------------------------------------

export type ProbeRecord = Extract<AnalysisRecord, { kind: 'probe' }>;

export interface ProbingSnapshot {
  /** null: nothing is probed yet. */
  readonly record: ProbeRecord | null;
  /** Rows that were left out because there are too many to send; 0: none. */
  readonly omittedRows: number;
  /** Newest first. */
  readonly probes: readonly Pick<ProbeRecord, 'id' | 'title' | 'when'>[];
  /** Whether the record's marks stand beside the rows. */
  readonly marks: 'shown' | 'hidden';
  readonly trust: 'trusted' | 'restricted';
  readonly problem: string | null;
}

export type ProbingAction =
  | { readonly kind: 'showProbe'; readonly probe: string }
  | { readonly kind: 'showMarks' }
  | { readonly kind: 'hideMarks' }
  | { readonly kind: 'openRow'; readonly row: PanelRow }
  /** A new probe: the editor asks what for. */
  | { readonly kind: 'probe' };

// --- Pruning -----------------------------------------------------------------------------------------------------------

/** A kept proposal as the panel shows it. */
export type ShownProposal = Omit<Extract<AnalysisRecord, { kind: 'pruning' }>, 'document'>;

/** A folder that holds an applied mask. */
export interface AppliedMask {
  /** Absolute. */
  readonly folder: string;
  /** As people know it. */
  readonly label: string;
  readonly alpha: number;
  readonly mask: string;
}

export interface PruningSnapshot {
  /** null: nothing was proposed yet. */
  readonly record: ShownProposal | null;
  /** Rows that were left out because there are too many to send; 0: none. */
  readonly omittedRows: number;
  /** Newest first. */
  readonly proposals: readonly Pick<ShownProposal, 'id' | 'title' | 'when'>[];
  /** Folders of the workspace that hold one of the proposal's masks. */
  readonly applied: readonly AppliedMask[];
  /** Whether the proposal's marks stand beside the realign rows. */
  readonly marks: 'shown' | 'hidden';
  /** What runs now, or failed last; null: nothing. */
  readonly job: JobView | null;
  readonly trust: 'trusted' | 'restricted';
  readonly problem: string | null;
}

export type PruningAction =
  | { readonly kind: 'showProposal'; readonly proposal: string }
  /** The editor asks for the rest. */
  | { readonly kind: 'propose' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'showMarks' }
  | { readonly kind: 'hideMarks' }
  | { readonly kind: 'apply'; readonly alpha: number }
  | { readonly kind: 'undo'; readonly folder: string }
  | { readonly kind: 'openRow'; readonly row: PanelRow };

// --- both ways ---------------------------------------------------------------------------------------------------------

export interface PanelSnapshots {
  readonly ask: AskSnapshot;
  readonly trace: TraceSnapshot;
  readonly verify: VerifySnapshot;
  readonly probing: ProbingSnapshot;
  readonly pruning: PruningSnapshot;
}

export interface PanelActions {
  readonly ask: AskAction;
  readonly trace: TraceAction;
  readonly verify: VerifyAction;
  readonly probing: ProbingAction;
  readonly pruning: PruningAction;
}

/** To a panel. */
export interface SnapshotMessage<K extends PanelKind = PanelKind> {
  readonly type: 'snapshot';
  readonly panel: K;
  /** `en`, `ja`: how figures and dates are written. */
  readonly locale: string;
  readonly texts: PanelTexts;
  readonly snapshot: PanelSnapshots[K];
}

/** From a panel. `ready`: it was made, or made anew, and wants its snapshot. */
export type PanelMessage<K extends PanelKind = PanelKind> =
  | { readonly type: 'ready' }
  | { readonly type: 'action'; readonly action: PanelActions[K] };

/** What a panel keeps through `vscode.setState`, so that the editor can bring it back after a restart. */
export interface PanelState {
  readonly panel: PanelKind;
  /** The trace (of the Probing panel: the probe) it is about; null: none. */
  readonly trace: string | null;
  readonly query: number;
  /** Of the panel alone: what is sorted, filtered, selected. */
  readonly view: unknown;
}
