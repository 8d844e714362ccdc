/**
 * What is asked of influence jobs and what they yield: `index` and `trace`. Scores follow one sign: above 0, training on
 * the row lowers the query's loss, i.e. the row promotes the behaviour.
 */
import type { JsonObject } from './json';
import type { ComputeSettings, DataProblem, DataSource, ModelIdentity, ModelSource, Warning } from './requests';

/** Every method, from the instant to the dearest. `auto` is two figures: cause and kind. */
export const traceMethods = [
  'auto',
  'bm25',
  'repsim',
  'graddot',
  'gradcos',
  'tracin',
  'datainf',
  'logra',
  'ekfac',
  'linfac',
  'astra',
  'hybrid',
  'exact',
] as const;
export type TraceMethod = (typeof traceMethods)[number];

/** What a query measures: see `measuring/encodeQuery`. */
export const measurements = ['logprob', 'meanLogprob', 'margin', 'tokenMargin'] as const;
export type Measurement = (typeof measurements)[number];

/** Which parameters are tracked. `default`: the adapter's where there is one, else all linear layers but the head. */
export const trackedChoices = ['default', 'adapter', 'linear', 'all'] as const;
export type TrackedChoice = (typeof trackedChoices)[number];

/** Settings that decide what is in an index, and so its key. */
export interface IndexSettings {
  readonly modules: TrackedChoice;
  /** How gradients are kept: whole, or projected to this many dimensions over all modules. */
  readonly vectors: 'whole' | 'projected' | 'auto';
  readonly dimensions: number;
  readonly element: 'float16' | 'float32';
  /** Tokens; rows are cut there. null: the recorded run's, or 2,048. */
  readonly maxLength: number | null;
  /** Rows of one pass; null: as many as memory below about a gigabyte allows. */
  readonly batchSize: number | null;
  /** Of projections and sampled labels. */
  readonly seed: number;
}

/** What every influence job is about. */
export interface InfluenceSubject {
  readonly compute: ComputeSettings;
  /** The fine-tuned model. */
  readonly model: ModelSource;
  /** The model it came from; undefined: unknown, and there is no gate. */
  readonly base: ModelSource | undefined;
  /** Folder of the recorded run, absolute; undefined: only the end is known. */
  readonly run: string | undefined;
  readonly data: readonly DataSource[];
  /** `.whence/`, absolute. */
  readonly storeFolder: string;
  /** Bytes the store may take. */
  readonly storeBudget: number;
  readonly index: IndexSettings;
}

export interface IndexRequest extends InfluenceSubject {
  readonly kind: 'index';
  /** Part i of n, 0-based; { part: 0, of: 1 } is all. */
  readonly shard: { readonly part: number; readonly of: number };
  /** `merge` computes nothing: it checks that every row of the data is there and joins what shards wrote. */
  readonly action: 'compute' | 'merge';
}

export interface IndexResult {
  readonly model: ModelIdentity;
  readonly rows: number;
  /** Rows whose gradients were computed now; the others were there. */
  readonly computed: number;
  readonly width: number;
  readonly vectors: 'whole' | 'projected';
  readonly bytes: number;
  readonly coverage: Coverage;
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}

/** What share of the parameters that the fine-tune trained is looked at. */
export interface Coverage {
  readonly trained: number;
  readonly tracked: number;
  readonly share: number;
  readonly modules: readonly string[];
}

/** Behaviours to trace: a file of queries, queries given in place, or prompts to be answered by the model itself. */
export type QuerySource =
  | { readonly kind: 'file'; readonly file: DataSource; readonly ids: readonly string[] }
  | { readonly kind: 'inline'; readonly queries: readonly JsonObject[] }
  | { readonly kind: 'answer'; readonly prompts: readonly JsonObject[]; readonly maxTokens: number };

export interface TraceRequest extends InfluenceSubject {
  readonly kind: 'trace';
  readonly queries: QuerySource;
  readonly methods: readonly TraceMethod[];
  /** Rows listed of each query: the strongest promoters and opponents, this many each, or all. */
  readonly rows: number | 'all';
  /** Damping relative to the mean eigenvalue (or moment) of each module. */
  readonly damping: number;
  /** Layer of the states of `repsim`, 0-based; null: two thirds up. */
  readonly layer: number | null;
  /** Tokens with their scores, of this many rows at each end; `affordable`: as many as a model of its size scores soon, most of them at the top. */
  readonly tokenRows: number | 'affordable';
  /** Control queries of the null. */
  readonly controls: number;
  /** `whenBaseDoesNot`: rows are ranked only where the fine-tune made the behaviour; `always`: on request. */
  readonly rank: 'whenBaseDoesNot' | 'always';
}

/** What is known of how the model came to be. */
export type Evidence = 'replayed' | 'surrogate' | 'finalWeights';

export interface TracedToken {
  readonly text: string;
  readonly trained: boolean;
  /** What was read at this position adds this to the row's score. */
  readonly score: number;
}

export interface TracedRow {
  readonly file: string;
  /** 0-based. */
  readonly row: number;
  /** 1-based; null for binary containers. */
  readonly line: number | null;
  readonly hash: string;
  /** The beginning of prompt and answer as a person reads them. */
  readonly text: string;
  /** Cause (under `auto`), else the method's score. */
  readonly score: number;
  /** 1: promotes most. */
  readonly rank: number;
  /** Above the threshold, of a behaviour that the fine-tune raised more than it raised controls. */
  readonly aboveNull: boolean;
  /** score / sqrt(self-influence): outliers do not win by size. null where the method has none. */
  readonly normalized: number | null;
  readonly selfInfluence: number | null;
  readonly bm25Rank: number;
  readonly kind: { readonly score: number; readonly rank: number } | null;
  readonly group: number;
  /** Cluster of near-duplicates; rows that resemble no other have one of their own. */
  readonly duplicates: number;
  /** `trained`: as it was in the run. `hypothetical`: edited or added since, never trained on. */
  readonly status: 'trained' | 'hypothetical';
  readonly tokens: readonly TracedToken[] | null;
}

export interface TracedGroup {
  readonly group: number;
  readonly rows: number;
  /** Summed score. */
  readonly cause: number;
  /** Of the positive influence of all rows. */
  readonly share: number;
  /** Mean similarity to the query. */
  readonly kind: number;
  /** Row nearest to the middle of the group. */
  readonly example: { readonly file: string; readonly row: number };
  readonly members: readonly number[];
}

export interface TracedQuery {
  readonly id: string;
  readonly prompt: string;
  readonly completion: string;
  /** Nats. */
  readonly measurement: number;
  readonly measurementName: string;
  readonly gate: {
    readonly logRatio: number;
    readonly interval: readonly [number, number];
    readonly baseLogprob: number;
    readonly tunedDidIt: boolean;
    readonly verdict: 'tuned' | 'base' | 'neither' | 'unknown';
  };
  /** What 1 % of rows exceed for control queries, brought to the size of this query's scores. null: there is no null. */
  readonly threshold: number | null;
  readonly verdict: 'rowsStandOut' | 'noRowStandsOut' | 'baseDoesIt' | 'notRanked';
  readonly rows: readonly TracedRow[];
  readonly groups: readonly TracedGroup[];
  /** Spearman correlation of the scores with those at a tenth and ten times the damping; null where there is none. */
  readonly dampingSensitivity: { readonly tenth: number; readonly tenfold: number } | null;
}

export interface TraceDocument {
  readonly method: TraceMethod;
  readonly settings: JsonObject;
  readonly evidence: Evidence;
  readonly coverage: Coverage;
  readonly queries: readonly TracedQuery[];
  readonly warnings: readonly Warning[];
  /** Of this method alone, once rows and factors were there. */
  readonly seconds: number;
}

/** Sent before long work begins. */
export interface PredictedCost {
  readonly kind: 'predictedCost';
  /** Rows whose gradients and states are to be computed; the others are in the store. */
  readonly rows: number;
  /** Whether curvature is to be fitted. */
  readonly fit: 'needed' | 'known' | 'unused';
  readonly seconds: number;
  readonly diskBytes: number;
  readonly memoryBytes: number;
}

export interface TraceResult {
  readonly model: ModelIdentity;
  readonly documents: readonly TraceDocument[];
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}
