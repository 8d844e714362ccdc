/**
 * Pruning: what is asked of an engine, and what comes back. Plain data; the other side is `engine/jobs/prunePropose` and
 * `engine/jobs/pruneApply`.
 */
import type { BehaviourCase } from './behaviour';
import type { JsonObject } from './json';
import type { ComputeSettings, DataProblem, DataSource, ModelIdentity, ModelSource, Warning } from './requests';
import type { Figure } from './verification';

/** What is pruned: the adapter's A and B, the merged difference tuned - base, or the tuned weights themselves. */
export const pruningTargets = ['adapter', 'delta', 'weights'] as const;
export type PruningTarget = (typeof pruningTargets)[number];

/**
 * What an entry counts for; the highest go.
 *
 *   wanda       |w| times the root mean square (over rows) of its input's norm over a row's tokens
 *   magnitude   |w|
 *   signedGrad  w dL/dw, where L is the loss of the wanted answers: how much of the unwanted the entry carries
 *   random      nothing: drawn, as many per row and matrix as wanda takes
 */
export const pruningScores = ['wanda', 'magnitude', 'signedGrad', 'random'] as const;
export type PruningScore = (typeof pruningScores)[number];

/** What a share is a share of. `auto`: rows where every rank is 64 or more, else modules. */
export const pruningThresholds = ['auto', 'row', 'module', 'global', '2:4'] as const;
export type PruningThreshold = (typeof pruningThresholds)[number];

/** How a mask is made. */
export interface MaskSettings {
  readonly target: PruningTarget;
  readonly score: PruningScore;
  readonly threshold: PruningThreshold;
  /** Endings or whole paths of modules; empty: those of the adapter, else every linear layer but the head. */
  readonly modules: readonly string[];
  /** Tokens of a calibration row at most. */
  readonly maxLength: number;
  /** Of random masks, splits and intervals. */
  readonly seed: number;
}

/** A prompt to measure on, with the answer that a data set gives, where it gives one. */
export interface MeasuredPrompt extends Omit<BehaviourCase, 'expect'> {
  readonly answer: string | null;
}

/** The model whose weights are pruned. */
export interface PruningSubjectRequest {
  readonly compute: ComputeSettings;
  readonly model: ModelSource;
  /** undefined: the model without its adapter, or not known. */
  readonly base: ModelSource | undefined;
  /** Rows that the mask is computed on. */
  readonly realign: readonly DataSource[];
  readonly mask: MaskSettings;
  readonly storeFolder: string;
  /** Bytes. */
  readonly storeBudget: number;
}

/** How states of the model are measured. */
export interface PruningMeasuring {
  readonly template: 'chat' | 'raw';
  /** New tokens of an answer at most. */
  readonly maxTokens: number;
  /** Prompts that are answered together. */
  readonly batchSize: number;
  /** What a refusal and a compliance say where neither base nor tuned model gives one. */
  readonly refusal: string;
  readonly compliance: string;
}

export interface PruneProposeRequest extends PruningSubjectRequest {
  readonly kind: 'prunePropose';
  /** Shares to try, ascending, in (0, 1]. */
  readonly alphas: readonly number[];
  /** Factors on the fine-tune's difference that are tried beside the masks, in [0, 1); 0 is always among them. */
  readonly scales: readonly number[];
  /** Points of the curve at which random and magnitude masks are measured too. */
  readonly controls: number;
  /** Random masks at each of them. */
  readonly randomDraws: number;
  /** Prompts that should be refused, none of them a calibration row. Empty: some calibration rows are held back. */
  readonly harmful: readonly MeasuredPrompt[];
  /** Prompts that should be answered. */
  readonly benign: readonly MeasuredPrompt[];
  /** What the model must still be able to do. */
  readonly tests: readonly BehaviourCase[];
  readonly measuring: PruningMeasuring;
  /** Share of the task accuracy that a recommended mask may cost. */
  readonly accuracyLoss: number;
  readonly resamples: number;
  readonly stage: 'plan' | 'run';
}

/** What measuring a proposal takes. */
export interface PruningCost {
  /** Masks that differ. */
  readonly masks: number;
  /** States of the model to measure, controls included. */
  readonly states: number;
  /** Those that the store has. */
  readonly known: number;
  readonly seconds: number;
  readonly memoryBytes: number;
}

/** What one state of the model does, each with its interval over prompts. */
export interface PruningFigures {
  /** Share of harmful prompts whose answer does not open like a refusal and says something. */
  readonly harmful: Figure;
  /** log p(refusal) - log p(compliance), nats per token, mean over harmful prompts. */
  readonly margin: Figure;
  /** Share of harmful prompts for which the compliance is likelier, per token. */
  readonly prefersCompliance: Figure;
  /** Share of behaviour tests that pass. */
  readonly accuracy: Figure;
  /** How far attention outputs are from the base model's on benign rows: norm of the difference / norm of the base's. */
  readonly drift: Figure;
  /** exp of the mean token loss on the benign answers. */
  readonly perplexity: Figure;
  /** Share of benign prompts that are refused. */
  readonly refusedBenign: Figure;
  /** Share of benign answers that are empty or go round in circles. */
  readonly degenerate: Figure;
  /** F1 of the words of benign answers against the reference. */
  readonly overlap: Figure;
}

/** Entries pruned of one matrix. */
export interface PrunedModule {
  /** `model.layers.0.self_attn.q_proj.lora_A` */
  readonly name: string;
  readonly layer: number;
  /** `self_attn.q_proj` */
  readonly module: string;
  readonly part: 'A' | 'B' | 'delta' | 'weight';
  readonly pruned: number;
  readonly entries: number;
}

/** A state that is measured beside the masks. */
export interface PruningControl {
  /** `random 1`, `magnitude` */
  readonly name: string;
  readonly share: number;
  readonly figures: PruningFigures;
}

/** Accuracy of a mask minus that of an alternative at the same harmful score. */
export interface EqualHarm {
  /** Over resampled prompts and tests, the same for both. */
  readonly difference: Figure;
  /** The alternative's accuracy there, between the two nearest of its states. */
  readonly accuracy: number;
  /** `below`: no state of the alternative has so low a harmful score; its lowest is compared with. */
  readonly reach: 'within' | 'below';
}

/** A condition of the rule that recommends. */
export interface PruningCondition {
  readonly name: 'harmfulFalls' | 'keepsTask' | 'keepsLanguage' | 'beatsRandom' | 'beatsScaling' | 'noFactorAsGood';
  readonly holds: boolean;
  /** In words, with the figure. */
  readonly says: string;
}

/** One distinct mask on the curve. */
export interface PruningPoint {
  /** Shares asked for that make this mask. */
  readonly alphas: readonly number[];
  /** Names the mask. */
  readonly mask: string;
  readonly pruned: number;
  readonly entries: number;
  /** pruned / entries. */
  readonly share: number;
  readonly modules: readonly PrunedModule[];
  readonly figures: PruningFigures;
  readonly controls: readonly PruningControl[];
  /** null: not measured. */
  readonly atEqualHarm: { readonly random: EqualHarm | null; readonly scaling: EqualHarm | null };
  readonly conditions: readonly PruningCondition[];
  readonly worthIt: boolean;
}

/** A calibration row's part in the mask that is shown. */
export interface PruningRow {
  readonly file: string;
  /** 0-based. */
  readonly row: number;
  /** 1-based; null for binary containers. */
  readonly line: number | null;
  readonly hash: string;
  /** Of the pruned entries' score, all rows together 1 (signedGrad: of absolute values, may be negative); null: the score reads no rows. */
  readonly share: number | null;
}

/** The same prompt answered before and after. */
export interface PruningExample {
  readonly role: 'harmful' | 'benign' | 'task';
  readonly id: string;
  readonly prompt: string;
  readonly before: string;
  readonly after: string;
  readonly base: string;
}

/** A file that a proposal read. */
export interface PruningData {
  readonly role: 'realign' | 'harmful' | 'benign' | 'tests';
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  /** SHA-256 of its bytes. */
  readonly hash: string;
}

export interface PruneProposal {
  readonly kind: 'proposal';
  readonly model: ModelIdentity & {
    /** SHA-256 over configuration, weights and adapter. */
    readonly tunedHash: string;
  };
  /** What the mask was made with; `threshold` is never `auto` here. */
  readonly mask: MaskSettings;
  readonly base: ModelSource | null;
  readonly calibration: {
    readonly rows: number;
    readonly tokens: number;
    /** What most of its answers are, by the rule on their opening. */
    readonly answers: 'refusals' | 'compliances';
    readonly heldBack: number;
    /** Hash over the rows' tokens. */
    readonly hash: string;
  };
  readonly judge: {
    readonly rule: string;
    readonly margin: string;
    readonly refusal: string;
    readonly compliance: string;
    /** Where the text that perplexity and overlap are measured on comes from. */
    readonly benignReference: 'given' | 'base' | 'mixed';
  };
  readonly counts: { readonly harmful: number; readonly benign: number; readonly tests: number };
  readonly tuned: PruningFigures;
  /** The fine-tune's difference times c; c = 0 is the model without it. */
  readonly scaling: readonly { readonly c: number; readonly figures: PruningFigures }[];
  readonly points: readonly PruningPoint[];
  readonly recommendation: {
    /** null: none is worth it. */
    readonly alpha: number | null;
    readonly says: string;
    readonly rule: string;
  };
  /** Place in `points` that rows and examples are of: the recommended one, else the one that meets most conditions. */
  readonly shown: number;
  readonly rows: readonly PruningRow[];
  readonly examples: readonly PruningExample[];
  readonly states: { readonly computed: number; readonly read: number };
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}

/** What would be measured: masks without figures. */
export interface PrunePlan {
  readonly kind: 'plan';
  readonly cost: PruningCost;
  readonly masks: readonly Pick<PruningPoint, 'alphas' | 'mask' | 'pruned' | 'entries' | 'share'>[];
  readonly threshold: PruningThreshold;
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}

export type PruneProposeResult = PruneProposal | PrunePlan;

export interface PruneApplyRequest extends PruningSubjectRequest {
  readonly kind: 'pruneApply';
  readonly alpha: number;
  /** Calibration rows that were held back when the proposal was made. */
  readonly heldBack: number;
  /** The mask that the proposal names: another is refused. */
  readonly expected: string;
  /** The model that the proposal was made for. */
  readonly tunedHash: string;
  /** Folder of the result, absolute. */
  readonly out: string;
  /** What of the proposal goes into the record. */
  readonly proposal: JsonObject;
}

export interface PruneApplyResult {
  readonly out: string;
  readonly form: 'adapter' | 'model';
  readonly mask: string;
  readonly pruned: number;
  readonly entries: number;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  readonly warnings: readonly Warning[];
}
