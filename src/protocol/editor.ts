/**
 * What the editor's client and the language server say to each other beyond LSP: requests and notifications under
 * `whence/…`, plain data. The other sides are `client/` and `server/requests/`. Lines are 0-based, as LSP's.
 */
import type { BehaviourCase } from './behaviour';
import type {
  ActiveFinding,
  FindingsView,
  RowDossier,
  RowTag,
  RowVerdict,
  StripMark,
  TagsAnswer,
  TraceRecord,
  TraceSummary,
} from './editorFindings';
import type { EditorJob, EditorResult, JobView, RowReference } from './editorJobs';
import type { JsonObject } from './json';
import type { ProbeResult } from './probing';
import type { PruneProposal } from './pruning';

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
