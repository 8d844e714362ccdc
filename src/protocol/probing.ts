/**
 * What is asked of `probe` and what it yields: linear probes for a label, or a direction between two sets of rows, in the
 * residual stream of a fine-tuned model and of the one it came from. Plain data; the other side is `engine/jobs/probe`.
 */
import type { ComputeSettings, DataProblem, DataSource, ModelIdentity, ModelSource, Warning } from './requests';
import type { Figure } from './verification';

/**
 * Where a row's state is read. `last`: the last token before the answer, where all of the prompt has been read and
 * nothing of the answer. `mean`: the mean over the tokens up to there. `answer`: the mean over the trained tokens. A whole
 * number: that token of the row, 0 the first, or -1 the last before the answer. Rows without a prompt are read as a whole.
 */
export const namedPositions = ['last', 'mean', 'answer'] as const;
export type NamedPosition = (typeof namedPositions)[number];

/** What probes are compared with. */
export const probeBaselines = ['words', 'embedding', 'random'] as const;
export type ProbeBaseline = (typeof probeBaselines)[number];

/** What fixes the label of the control task. `auto`: of `word` and `template` the one that recurs most across folds. */
export const controlTypes = ['auto', 'word', 'template', 'key'] as const;
export type ControlType = (typeof controlTypes)[number];

export interface LabelTaskRequest {
  readonly kind: 'label';
  /** A field of each row (dots lead into objects), or `answer`, `answer:first`, `answer:last`: the answer or a word of it. */
  readonly label: string;
  /** Labels that count; empty: all that `fewestRows` rows have. */
  readonly only: readonly string[];
  /** Rows of rarer labels are left out. */
  readonly fewestRows: number;
  readonly folds: number;
  /** Fields whose equal values keep rows in one fold, on top of near-duplicates and templates. */
  readonly groupBy: readonly string[];
  readonly control: ControlType;
  readonly baselines: readonly ProbeBaseline[];
}

export interface ConceptTaskRequest {
  readonly kind: 'concept';
  readonly positive: readonly DataSource[];
  readonly negative: readonly DataSource[];
}

/** Models, rows and where results are kept. */
export interface ProbeSubject {
  readonly compute: ComputeSettings;
  readonly model: ModelSource;
  /** The model it came from; undefined: unknown, and there is no difference. */
  readonly base: ModelSource | undefined;
  /** Rows that are probed, or projected. */
  readonly data: readonly DataSource[];
  /** `.whence/`, absolute. */
  readonly storeFolder: string;
  /** Bytes the store may take. */
  readonly storeBudget: number;
  /** Tokens; rows are cut there. null: 2,048. */
  readonly maxLength: number | null;
  /** Rows of one pass; null: as many as memory below about a gigabyte allows. */
  readonly batchSize: number | null;
  /** Of folds, control labels, random weights and intervals. */
  readonly seed: number;
}

export interface ProbeRequest extends ProbeSubject {
  readonly kind: 'probe';
  /** Names of `namedPositions`, or whole numbers as text. */
  readonly positions: readonly string[];
  /** 0-based; -1 the embedding. null: all. */
  readonly layers: readonly number[] | null;
  readonly task: LabelTaskRequest | ConceptTaskRequest;
}

/** A model as far as probes tell models apart. */
export type ProbedModel = 'tuned' | 'base';

/** One probe: a layer of a model at a position. */
export interface ProbeCell {
  /** `random`: the same architecture with random weights. `words`: no model, the words that were read. */
  readonly model: ProbedModel | 'random' | 'words';
  /** 0-based, its output; -1: the embedding; null: no layer. */
  readonly layer: number | null;
  /** As in the request; `seen`: the mean over all tokens that the position has read. */
  readonly position: string;
  /** Share of rows whose held-out prediction is their label. */
  readonly accuracy: Figure;
  /** Mean over the labels of each one's accuracy. */
  readonly balancedAccuracy: number;
  /** -log p(label), held out, nats a row. */
  readonly logLoss: number;
  /** Accuracy on the control task. */
  readonly control: Figure;
  /** Accuracy - control, over the same rows. */
  readonly selectivity: Figure;
  /** By fold: the penalty a row that the other folds chose. */
  readonly penalties: readonly number[];
  /** Rows by label, then by prediction, in the order of `classes`. */
  readonly confusion: readonly (readonly number[])[];
  /** The predicted class of each of `rows`: a place in `classes`. */
  readonly predicted: readonly number[];
}

/** Tuned minus base, over the same rows. */
export interface ProbeDifference {
  readonly layer: number;
  readonly position: string;
  readonly accuracy: Figure;
  readonly selectivity: Figure;
}

/** What the best probe of one model says of a row that it never saw. */
export interface RowReading {
  readonly predicted: string;
  /** Of the row's label. */
  readonly probability: number;
  /** log p(label) - log p(the likeliest other label), nats; below 0 the probe disagrees. */
  readonly margin: number;
}

export interface ProbedRow extends RowReading {
  readonly file: string;
  /** 0-based. */
  readonly row: number;
  /** 1-based; null for binary containers. */
  readonly line: number | null;
  readonly hash: string;
  /** The beginning of prompt and answer as a person reads them. */
  readonly text: string;
  readonly label: string;
  /** A possible mislabel: another label was predicted. */
  readonly disagrees: boolean;
  /** 1: the label fits least. */
  readonly rank: number;
  /** Rows that no fold parts: near-duplicates and rows of one template. */
  readonly group: number;
  readonly fold: number;
  /** What fixes its control label. */
  readonly controlType: string;
  readonly tuned: RowReading;
  readonly base: RowReading | null;
}

/** The best cell of a model, by held-out log loss. */
export interface BestCell {
  readonly model: ProbedModel;
  readonly layer: number;
  readonly position: string;
  /**
   * Accuracy where each fold is predicted by the layer and position that the other folds chose: free of the optimism of
   * picking the best of many.
   */
  readonly selected: Figure;
}

export interface LabelProbe {
  readonly kind: 'label';
  readonly label: string;
  readonly classes: readonly { readonly name: string; readonly rows: number }[];
  /** Share of the most frequent label. */
  readonly majority: number;
  readonly leftOut: { readonly rare: number; readonly notAskedFor: number };
  readonly folds: {
    readonly count: number;
    readonly groups: number;
    /** What keeps rows together: `duplicates`, `template`, fields. */
    readonly groupedBy: readonly string[];
    readonly rows: readonly number[];
  };
  readonly control: {
    readonly type: Exclude<ControlType, 'auto'>;
    readonly types: number;
    /** Share of rows whose type occurs in another fold too: what a control label can be remembered from. */
    readonly recurring: number;
    /** Share of the most frequent control label. */
    readonly majority: number;
  };
  /** Every probe of the models. */
  readonly cells: readonly ProbeCell[];
  readonly baselines: readonly ProbeCell[];
  readonly differences: readonly ProbeDifference[];
  readonly best: readonly BestCell[];
  /**
   * The model by whose reading rows are ranked: the base where it reads labels better than chance, because the tuned model
   * may have learned wrong ones by heart.
   */
  readonly readBy: ProbedModel;
  readonly rows: readonly ProbedRow[];
}

/** A direction: from the mean of the negative rows' states to that of the positive ones. */
export interface ConceptCell {
  readonly model: ProbedModel;
  readonly layer: number;
  readonly position: string;
  /** How well a direction from half of the rows tells the other half apart, both ways; .5: not at all. */
  readonly auc: Figure;
  /** Cosine of the two halves' directions: 1, the rows chosen do not matter. */
  readonly agreement: number;
}

export interface ProjectedRow {
  readonly file: string;
  readonly row: number;
  readonly line: number | null;
  readonly hash: string;
  readonly text: string;
  /** Along the direction: -1 the mean of the negative rows, +1 that of the positive ones. Of the base where it is known. */
  readonly projection: number;
  /** 1: furthest towards the positive rows. */
  readonly rank: number;
  readonly tuned: number;
  readonly base: number | null;
}

export interface ConceptProbe {
  readonly kind: 'concept';
  readonly positive: { readonly rows: number; readonly groups: number };
  readonly negative: { readonly rows: number; readonly groups: number };
  readonly cells: readonly ConceptCell[];
  /** The best cell of each model, by auc, then agreement. */
  readonly best: readonly { readonly model: ProbedModel; readonly layer: number; readonly position: string }[];
  /** Which model `projection` and `rank` are of: the base where it is known. */
  readonly readBy: ProbedModel;
  readonly rows: readonly ProjectedRow[];
}

export interface ProbeResult {
  readonly model: ModelIdentity;
  readonly base: ModelIdentity | null;
  readonly layers: readonly number[];
  readonly positions: readonly string[];
  readonly probe: LabelProbe | ConceptProbe;
  /** Rows whose states were computed now, over all models; the others were in the store. */
  readonly computed: number;
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}
