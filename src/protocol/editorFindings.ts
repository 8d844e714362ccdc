/** What a kept trace means beside its rows: tags, findings, dossiers. Lines are 0-based, as LSP's. */
import type { RowReference } from './editorJobs';
import type { QuerySource, TraceDocument, TracedRow, TraceMethod } from './influence';
import type { ModelIdentity } from './requests';

/** A trace that is kept: the documents as `whence trace --json` gives them, one of each method. */
export interface TraceRecord {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly when: number;
  readonly model: ModelIdentity;
  readonly documents: readonly TraceDocument[];
  readonly device: string | null;
  readonly seconds: number;
  /** Name of the traced model in whence.json; null: the default. */
  readonly modelName: string | null;
  /** Where the queries came from, so that they can be traced or verified again. */
  readonly source: QuerySource;
}

export interface TraceSummary {
  readonly id: string;
  readonly title: string;
  readonly when: number;
  readonly methods: readonly TraceMethod[];
  readonly queries: readonly { readonly id: string; readonly prompt: string; readonly verdict: string }[];
}

/** Which behaviour, by which method, the tags, the Findings view and the Trace panel show. */
export interface ActiveFinding {
  readonly trace: string;
  readonly query: number;
  readonly method: TraceMethod;
}

export type Analysis = 'influence' | 'probe' | 'pruning';

/** One short mark before a row. */
export interface RowTag {
  /** 0-based line. */
  readonly line: number;
  readonly analysis: Analysis;
  /** `▲ 1 ███▌`: of one width for all tags of an analysis. */
  readonly text: string;
  readonly tone: 'promotes' | 'opposes' | 'agrees' | 'disagrees' | 'proposed' | 'none';
  /** 0 to 1. */
  readonly strength: number;
  /** `stale`: the row was edited since; its mark is no longer true of it. */
  readonly state: 'current' | 'stale';
}

export interface TagsAnswer {
  /** Of the document the lines belong to; null where the file is not open. */
  readonly version: number | null;
  readonly tags: readonly RowTag[];
}

/** A mark of the overview ruler. */
export interface StripMark {
  readonly line: number;
  readonly tone: RowTag['tone'];
  /** 0 to 1. */
  readonly strength: number;
}

export interface FindingRow {
  /** null: the file is not a text file of the workspace. */
  readonly uri: string | null;
  /** 0-based, where the row stands now; null: it is gone from the file. */
  readonly line: number | null;
  readonly traced: TracedRow;
  readonly state: 'current' | 'stale';
  readonly verdict: RowVerdict;
  /** Near-duplicates that are folded into this row. */
  readonly duplicates: readonly FindingRow[];
}

export interface FindingGroup {
  readonly group: number;
  readonly title: string;
  /** Rows of the group, listed or not. */
  readonly size: number;
  readonly rows: readonly FindingRow[];
  /** Of the positive influence of all rows. */
  readonly share: number;
}

/** What the Findings view and the Trace panel show. */
export interface FindingsView {
  readonly active: ActiveFinding;
  readonly title: string;
  readonly prompt: string;
  readonly completion: string;
  /** The gate in one sentence, for people. */
  readonly headline: string;
  readonly verdict: TraceDocument['queries'][number]['verdict'];
  readonly groups: readonly FindingGroup[];
  /** How far to trust it: sentences for people. */
  readonly trust: readonly string[];
}

export type RowVerdict = 'relevant' | 'notRelevant' | 'none';

/** What is known of one row. */
export interface RowDossier {
  readonly uri: string;
  readonly line: number;
  readonly hash: string;
  /** Nats a trained token; null: the job `score` did not compute them. */
  readonly lossBase: number | null;
  readonly lossTuned: number | null;
  readonly selfInfluence: number | null;
  readonly duplicates: readonly RowReference[];
  /** The behaviours of kept traces in which it stands out. */
  readonly moves: readonly {
    readonly trace: string;
    readonly query: string;
    readonly rank: number;
    readonly score: number;
  }[];
  readonly verdict: RowVerdict;
}
