/**
 * What the editor's client and the language server say to each other beyond LSP: requests and notifications under
 * `whence/…`, plain data. The other sides are `client/` and `server/requests/`. Lines are 0-based, as LSP's.
 */
import type { BehaviourCase, TestResult } from './behaviour';
import type { UserErrorData } from './errors';
import type { Measurement, QuerySource, TraceDocument, TracedRow, TraceMethod } from './influence';
import type { MemoryUse, Progress } from './jobs';
import type { JsonObject } from './json';
import type { ProbeResult } from './probing';
import type { PruneProposal } from './pruning';
import type { AskResult, ModelIdentity, Prompt, Sampling } from './requests';
import type { Removal, VerifyResult } from './verification';

/** Handed over when the server starts (`initializationOptions`). All may be missing: a plain LSP editor sends none. */
export interface EditorOptions {
  /** `restricted`: nothing of the workspace is run: no model, no template, no job. */
  readonly trust: 'trusted' | 'restricted';
  /** `client`: the client draws tags itself. `inlayHints`: tags are given as inlay hints. */
  readonly tags: 'client' | 'inlayHints';
  /** Whether hovers may hold `<span style>`. */
  readonly hovers: 'html' | 'plain';
  /** Language of messages, as in the editor: `en`, `ja`. */
  readonly locale: string;
}

// --- what is there ---------------------------------------------------------------------------------------------------

/** What the workspace holds, for status bar, walkthrough, quick picks. Nothing is computed to know it. */
export interface EditorState {
  /** Absolute path of whence.json; null: there is none. */
  readonly workspaceFile: string | null;
  readonly trust: 'trusted' | 'restricted';
  readonly models: readonly { readonly name: string; readonly base: string | null; readonly run: string | null }[];
  readonly data: readonly { readonly name: string; readonly uri: string }[];
  readonly defaultModel: string | null;
  readonly queries: { readonly uri: string } | null;
  readonly behaviours: { readonly uri: string } | null;
  /** In use by the last job; null: no job has run. */
  readonly device: string | null;
  /** Whether gradients of the default model's rows are in the store. */
  readonly index: { readonly bytes: number; readonly entries: number };
  readonly problems: readonly { readonly message: string; readonly next: string }[];
}

// --- jobs ------------------------------------------------------------------------------------------------------------

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

// --- traces, findings, tags ------------------------------------------------------------------------------------------

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

// --- probes and proposals --------------------------------------------------------------------------------------------

/** A result of another analysis that is kept, and can be shown beside the rows. */
export type AnalysisRecord =
  | {
      readonly kind: 'probe';
      readonly id: string;
      readonly title: string;
      readonly when: number;
      readonly result: ProbeResult;
    }
  | {
      readonly kind: 'pruning';
      readonly id: string;
      readonly title: string;
      readonly when: number;
      readonly result: PruneProposal;
      /** As `whence prune propose --out` writes it: what apply reads. */
      readonly document: JsonObject;
    };
export type KeptAnalysis = AnalysisRecord['kind'];

// --- acts ------------------------------------------------------------------------------------------------------------

export type Act =
  | { readonly kind: 'quarantine'; readonly rows: readonly RowReference[]; readonly reason: string }
  | { readonly kind: 'downWeight'; readonly rows: readonly RowReference[]; readonly weight: number }
  /** Rows of quarantine files go back to where they came from. */
  | { readonly kind: 'restore'; readonly rows: readonly RowReference[] }
  /** A row becomes what its page says. @param hash of the page's `RowPage` */
  | { readonly kind: 'editRow'; readonly row: RowReference; readonly hash: string; readonly text: string };

/** A row over many lines, to be edited. */
export interface RowPage {
  readonly text: string;
  /** SHA-256 of the line as it is in the file. */
  readonly hash: string;
}

/** An edit of text files, as LSP's `WorkspaceEdit` has it; one undo step. */
export interface ActEdit {
  readonly edit: JsonObject;
  readonly summary: string;
}

// --- requests and notifications ----------------------------------------------------------------------------------------

export interface EditorRequests {
  'whence/state': { readonly params: null; readonly result: EditorState };
  /** The user has come to trust the workspace. */
  'whence/trust': { readonly params: null; readonly result: null };
  /** A first whence.json from what is in the folder: its text, and what was found. */
  'whence/discover': {
    readonly params: { readonly folder: string };
    readonly result: { readonly text: string; readonly found: readonly string[] };
  };
  'whence/startJob': { readonly params: EditorJob; readonly result: { readonly id: string } };
  /** Kills the engine of a running job, takes a queued one out. */
  'whence/cancelJob': { readonly params: { readonly id: string }; readonly result: null };
  /** The same job again; what it did before is kept. */
  'whence/resumeJob': { readonly params: { readonly id: string }; readonly result: { readonly id: string } };
  'whence/jobs': { readonly params: null; readonly result: readonly JobView[] };
  /** null while it runs or where it failed. */
  'whence/jobResult': { readonly params: { readonly id: string }; readonly result: EditorResult | null };
  'whence/traces': { readonly params: null; readonly result: readonly TraceSummary[] };
  'whence/trace': { readonly params: { readonly id: string }; readonly result: TraceRecord | null };
  /** null: nothing is shown beside the rows. */
  'whence/activate': { readonly params: ActiveFinding | null; readonly result: null };
  /** Probes and proposals that are kept, newest last. */
  'whence/analyses': {
    readonly params: null;
    /** `shown`: it is the one of its kind beside the rows. */
    readonly result: readonly (Pick<AnalysisRecord, 'kind' | 'id' | 'title' | 'when'> & { readonly shown: boolean })[];
  };
  'whence/analysis': { readonly params: { readonly id: string }; readonly result: AnalysisRecord | null };
  /** Which probe, or proposal, has marks; id null: none. */
  'whence/showAnalysis': {
    readonly params: { readonly kind: KeptAnalysis; readonly id: string | null };
    readonly result: null;
  };
  /** Where a row of a result stands now, by its content; null: its file cannot be read, or has no lines. */
  'whence/rowPlace': {
    readonly params: { readonly file: string; readonly hash: string; readonly line: number | null };
    readonly result: (RowReference & { readonly state: 'current' | 'stale' }) | null;
  };
  /** The row's label is right, whatever the shown probe reads. */
  'whence/keepLabel': { readonly params: RowReference; readonly result: null };
  'whence/findings': {
    readonly params: { readonly order: 'cause' | 'kind'; readonly rows: 'aboveNull' | 'all' };
    readonly result: FindingsView | null;
  };
  'whence/tags': {
    /** Lines [first, last). */
    readonly params: { readonly uri: string; readonly first: number; readonly last: number };
    readonly result: TagsAnswer;
  };
  /** At most 1,000 marks, the strongest. */
  'whence/strip': { readonly params: { readonly uri: string }; readonly result: readonly StripMark[] };
  /** The row as a conversation a person can read (markdown). */
  'whence/rowText': { readonly params: RowReference; readonly result: string | null };
  /** Rows, trained tokens and model of a data file in one sentence; null: it is none. */
  'whence/summary': { readonly params: { readonly uri: string }; readonly result: string | null };
  'whence/dossier': { readonly params: RowReference; readonly result: RowDossier | null };
  'whence/nearDuplicates': { readonly params: RowReference; readonly result: readonly RowReference[] };
  'whence/act': { readonly params: Act; readonly result: ActEdit };
  'whence/rowPage': { readonly params: RowReference; readonly result: RowPage | null };
  'whence/verdict': {
    readonly params: { readonly row: RowReference; readonly verdict: RowVerdict };
    readonly result: null;
  };
  /** Writes what is known of a trace to a file that does not exist yet, or that the user agreed to replace. */
  'whence/export': {
    readonly params: {
      readonly trace: string;
      readonly format: 'html' | 'parquet' | 'csv' | 'json';
      /** Absolute. */
      readonly file: string;
    };
    readonly result: null;
  };
  /** The behaviour tests of whence.json. */
  'whence/behaviours': {
    readonly params: null;
    readonly result: { readonly uri: string | null; readonly cases: readonly BehaviourCase[] };
  };
  /** Lines of a file that is too large to be a text document. [first, last). */
  'whence/largeRows': {
    /** @param characters of a line that are given */
    readonly params: {
      readonly uri: string;
      readonly first: number;
      readonly last: number;
      readonly characters: number;
    };
    readonly result: {
      /** Known so far. */
      readonly lines: number;
      readonly texts: readonly string[];
      readonly tags: readonly RowTag[];
      readonly complete: 'yes' | 'counting';
    };
  };
  /** The first line from `from` on that holds a text, exactly; null: none does. */
  'whence/largeFind': {
    readonly params: { readonly uri: string; readonly text: string; readonly from: number };
    readonly result: { readonly line: number | null };
  };
  'whence/largeClose': { readonly params: { readonly uri: string }; readonly result: null };
}

export interface EditorNotifications {
  'whence/jobChanged': JobView;
  'whence/answerDelta': {
    readonly job: string;
    readonly model: number;
    readonly prompt: number;
    readonly text: string;
  };
  'whence/stateChanged': EditorState;
  /** Tags, strips and findings are to be asked again; uri null: of all files. */
  'whence/findingsChanged': { readonly uri: string | null; readonly active: ActiveFinding | null };
}

export type EditorRequestName = keyof EditorRequests;
export type EditorNotificationName = keyof EditorNotifications;
