/** What is asked of `verify` and `evaluate`, and what they yield. Plain data; the other side is `engine/jobs/`. */
import type { BehaviourCase, BehaviourComparison, BehaviourSettings, PassRate } from './behaviour';
import type { Evidence, InfluenceSubject, QuerySource, TraceMethod } from './influence';
import type { JsonObject } from './json';
import type { DataProblem, ModelIdentity, Warning } from './requests';

/** A figure with its interval at a confidence level (.95). */
export interface Figure {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** What long work will take, told before it begins. */
export interface RetrainingCost {
  /** Retrainings in all. */
  readonly retrainings: number;
  /** Those whose results are in the store already. */
  readonly known: number;
  /** Of one retraining, measured on this machine; null: the first is yet to be made. */
  readonly secondsEach: number | null;
  readonly seconds: number | null;
  /** Bytes that are added to the store. */
  readonly diskBytes: number;
  /** Of the engine at its peak. */
  readonly memoryBytes: number;
}

/** Settings of both. */
export interface RetrainingSubject extends InfluenceSubject {
  readonly queries: QuerySource;
  /** Damping relative to the mean eigenvalue of each module. */
  readonly damping: number;
  /** Layer of the states of `repsim`, 0-based; null: two thirds up. */
  readonly layer: number | null;
  /** Of drops and resamples. */
  readonly seed: number;
  /** `plan` makes the first retraining, if any is needed, and says what the others will take; `run` makes them all. */
  readonly stage: 'plan' | 'run';
}

/** Rows to take away. */
export type Removal =
  /** Each query's own top rows by the method. */
  | { readonly kind: 'top'; readonly count: number }
  /** The group of rows of one kind that carries most of each query. */
  | { readonly kind: 'group' }
  /** The same rows for all queries. `file` is the label of the data file; null: the first. */
  | { readonly kind: 'rows'; readonly rows: readonly { readonly file: string | null; readonly row: number }[] };

export interface VerifyRequest extends RetrainingSubject {
  readonly kind: 'verify';
  readonly method: TraceMethod;
  readonly removal: Removal;
  /** Random removals of the same size beside it. */
  readonly randomRemovals: number;
  /** Seeds of retrainings without the rows in another order; empty: in place only. */
  readonly reshuffleSeeds: readonly number[];
  /** Behaviour tests before and after; empty: none. */
  readonly tests: readonly BehaviourCase[];
  readonly testing: BehaviourSettings;
}

export interface RemovedRow {
  readonly file: string;
  /** 0-based. */
  readonly row: number;
  /** 1-based; null for binary containers. */
  readonly line: number | null;
  /** By the method, for this query. */
  readonly score: number;
}

/** What one removal was predicted to do to a query, and what it did. Above 0: the rows promoted the behaviour. */
export interface RemovalOutcome {
  /** Sum of the removed rows' scores: of no unit. */
  readonly predicted: number;
  /** The same in nats, where other retrainings gave scores a unit; else null. */
  readonly predictedNats: number | null;
  /** Measurement with all rows minus measurement without these, nats. */
  readonly actual: number;
}

export interface VerifiedQuery {
  readonly id: string;
  readonly measurementName: string;
  /** With all rows, nats. */
  readonly measurement: number;
  readonly removed: readonly RemovedRow[];
  readonly outcome: RemovalOutcome;
  readonly signRight: boolean;
  /** The same number of rows that BM25 likes best. */
  readonly bm25: RemovalOutcome & { readonly sharedRows: number };
  readonly random: readonly RemovalOutcome[];
  /** Whether the change is larger, in its direction, than that of every random removal; null where there is none. */
  readonly beyondRandom: boolean | null;
  /** Retrained in other orders: the change under each seed, both retrainings under the same seed, nats. */
  readonly reshuffled: readonly { readonly seed: number; readonly actual: number }[];
}

export interface AgreementFigures {
  readonly pairs: number;
  readonly sign: Figure;
  /** null: too few pairs. */
  readonly spearman: Figure | null;
  readonly pearson: Figure | null;
}

export interface TestedRemoval {
  /** Whose removal it is: `all rows`, `without …`. */
  readonly label: string;
  /** Queries whose rows these are; empty: of all. */
  readonly queries: readonly string[];
  readonly rows: number;
}

export interface VerifyOutcome {
  readonly kind: 'outcome';
  readonly model: ModelIdentity;
  readonly evidence: Evidence;
  readonly method: TraceMethod;
  readonly settings: JsonObject;
  readonly queries: readonly VerifiedQuery[];
  readonly summary: {
    /** Each query's own removal. */
    readonly removals: AgreementFigures;
    /** Every removal of every query: top rows, BM25's and random ones. */
    readonly all: AgreementFigures;
  };
  /** Nats a unit of score, from these retrainings; null: scores have no unit here. */
  readonly calibration: { readonly slope: Figure; readonly retrainings: number } | null;
  /** null: no tests were given. */
  readonly tests: {
    readonly removals: readonly TestedRemoval[];
    readonly rates: readonly PassRate[];
    readonly comparisons: readonly BehaviourComparison[];
  } | null;
  readonly retrainings: { readonly computed: number; readonly read: number };
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}

export type VerifyResult = { readonly kind: 'plan'; readonly cost: RetrainingCost } | VerifyOutcome;

/** Scores that another tool gave the rows of the first data file. */
export interface ForeignScores {
  readonly name: string;
  readonly queries: readonly string[];
  /** [query][0-based row of the first data file]; null: the tool gave that row none, which counts as 0. */
  readonly scores: readonly (readonly (number | null)[])[];
}

export const evaluations = ['planted', 'lds', 'qld'] as const;
export type Evaluation = (typeof evaluations)[number];

export interface EvaluateRequest extends RetrainingSubject {
  readonly kind: 'evaluate';
  readonly evaluation: Evaluation;
  readonly methods: readonly TraceMethod[];
  /** Scores of other tools, compared as one more method each. */
  readonly foreign: readonly ForeignScores[];
  /** lds: drops. qld: random removals. */
  readonly budget: number;
  /** lds. */
  readonly protocol: 'leaveOnePercentOut' | 'half';
  /** qld: share of the rows that is taken away. */
  readonly share: number;
  /** planted: what every row is; rows of the first data file by their 0-based number. */
  readonly truth: readonly { readonly row: number; readonly kind: string }[];
  /** planted: the kind of rows that each query should find. */
  readonly kinds: Readonly<Record<string, string>>;
  /** planted: of recall; null: as many as there are rows of the kind. */
  readonly k: number | null;
  /** Bootstrap draws. */
  readonly resamples: number;
}

export interface PlantedQueryFigures {
  readonly id: string;
  readonly kind: string;
  readonly planted: number;
  readonly auroc: Figure;
  readonly recall: number;
  readonly k: number;
  readonly reciprocalRank: number;
}

export interface PlantedMethod {
  /** One of Whence's, or the name of another tool's scores; so below. */
  readonly method: string;
  /** Means over the queries of a kind; null: over all. */
  readonly kinds: readonly {
    readonly kind: string | null;
    readonly queries: number;
    readonly auroc: Figure;
    readonly recall: Figure;
    readonly meanReciprocalRank: Figure;
  }[];
  readonly queries: readonly PlantedQueryFigures[];
}

export interface LdsMethod {
  readonly method: string;
  readonly lds: Figure;
  readonly perQuery: readonly { readonly id: string; readonly correlation: number }[];
  /** lds of this method minus that of another, on the same resamples. */
  readonly differences: readonly { readonly from: string; readonly difference: Figure }[];
}

export interface QldMethod {
  readonly method: string;
  /** Mean rise of the queries' losses, nats. */
  readonly qld: Figure;
  readonly againstRandom: Figure;
  /** null for bm25 itself. */
  readonly againstBm25: Figure | null;
  readonly perQuery: readonly { readonly id: string; readonly rise: number }[];
}

export interface EvaluateOutcome {
  readonly kind: 'outcome';
  readonly evaluation: Evaluation;
  readonly model: ModelIdentity;
  readonly evidence: Evidence;
  readonly settings: JsonObject;
  readonly rows: number;
  /** Rows that one removal takes away; null for `planted`. */
  readonly removedRows: number | null;
  readonly planted: readonly PlantedMethod[] | null;
  readonly lds: readonly LdsMethod[] | null;
  readonly qld: { readonly methods: readonly QldMethod[]; readonly random: Figure } | null;
  /** Of scores, by method, once rows and factors were there; none for other tools' scores. */
  readonly scoreSeconds: readonly { readonly method: string; readonly seconds: number }[];
  readonly retrainings: { readonly computed: number; readonly read: number };
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}

export type EvaluateResult = { readonly kind: 'plan'; readonly cost: RetrainingCost } | EvaluateOutcome;
