/**
 * What the command line and the editor ask of an engine, and what comes back. Plain data: every request and result
 * crosses process borders by structured clone. The other side is `engine/`, one handler a request.
 */
import type { JsonObject } from './json';

export const deviceNames = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type DeviceName = (typeof deviceNames)[number];
export type DeviceChoice = DeviceName | 'auto';

/** Where and with what to compute. */
export interface ComputeSettings {
  readonly device: DeviceChoice;
  /** Threads of one operator; undefined: as many as there are cores. */
  readonly threads: number | undefined;
  /** User-level cache: de-quantised weights, hashes, device verdicts. */
  readonly cacheFolder: string;
}

/** A model as the user named it. At least one of `path` and `adapter` is given; an adapter alone names its base itself. */
export interface ModelSource {
  /** The name in whence.json, or the path. */
  readonly label: string;
  /** Model folder or `.gguf` file, absolute. */
  readonly path: string | undefined;
  /** PEFT folder, absolute. */
  readonly adapter: string | undefined;
}

/** A data file as the user named it. */
export interface DataSource {
  /** The path as shown in results, relative to the workspace where possible. */
  readonly label: string;
  /** Absolute. */
  readonly path: string;
  /** The mapping that whence.json states; undefined: stated beside the data, or detected. */
  readonly schema: { readonly name: string; readonly fields: Readonly<Record<string, string>> } | undefined;
}

/** The model behind a result. */
export interface ModelIdentity {
  readonly label: string;
  readonly path: string;
  readonly adapter: string | undefined;
  /** SHA-256 over configuration and weights. */
  readonly hash: string;
}

export interface Warning {
  readonly code: string;
  readonly message: string;
}

// --- ask -------------------------------------------------------------------------------------------------------------

export type Prompt =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'messages'; readonly messages: readonly JsonObject[] };

export type Sampling =
  | { readonly kind: 'greedy' }
  | { readonly kind: 'sampled'; readonly temperature: number; readonly topP: number; readonly seed: number };

export interface AskRequest {
  readonly kind: 'ask';
  readonly compute: ComputeSettings;
  readonly models: readonly ModelSource[];
  readonly prompts: readonly Prompt[];
  /** `chat`: a text prompt becomes a user turn where the model has a template. `raw`: the text is continued as it is. */
  readonly template: 'chat' | 'raw';
  readonly sampling: Sampling;
  /** New tokens at most. */
  readonly maxTokens: number;
}

export interface Answer {
  readonly model: string;
  readonly prompt: string;
  /** The prompt as the model saw it, template applied. */
  readonly rendered: string;
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** What each token added to the text; joined they are the text. */
  readonly pieces: readonly string[];
  readonly finish: 'stop' | 'length';
  /** Natural logarithm of each new token's probability under the model (temperature 1). */
  readonly logprobs: readonly number[];
}

/** Streamed while an answer grows. */
export interface AnswerDelta {
  readonly kind: 'answerDelta';
  readonly model: number;
  readonly prompt: number;
  readonly text: string;
}

export interface AskResult {
  readonly tokensPerSecond: number;
  readonly answers: readonly Answer[];
  readonly warnings: readonly Warning[];
}

// --- score -----------------------------------------------------------------------------------------------------------

export interface ScoreRequest {
  readonly kind: 'score';
  readonly compute: ComputeSettings;
  readonly model: ModelSource;
  readonly data: readonly DataSource[];
  readonly perToken: 'tokens' | 'rows';
  readonly maxLength: number;
  /** Rows of one forward pass. */
  readonly batchSize: number;
}

export interface ScoredToken {
  readonly id: number;
  readonly text: string;
  readonly trained: boolean;
  /** Nats; null where no token is predicted (the first) or the token is not trained. */
  readonly loss: number | null;
}

export interface ScoredRow {
  readonly file: string;
  /** 0-based. */
  readonly row: number;
  /** 1-based; null for binary containers. */
  readonly line: number | null;
  readonly hash: string;
  /** Nats, summed over the trained tokens. */
  readonly loss: number;
  readonly trainedTokens: number;
  readonly tokens?: readonly ScoredToken[];
}

/** Streamed batch by batch, in file order. */
export interface ScoredRows {
  readonly kind: 'scoredRows';
  readonly rows: readonly ScoredRow[];
}

export interface ScoreResult {
  readonly model: ModelIdentity;
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}

/** A row that could not be read or has nothing to train on. */
export interface DataProblem {
  readonly file: string;
  readonly row: number;
  readonly line: number | null;
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

// --- train -----------------------------------------------------------------------------------------------------------

export interface TrainRequest {
  readonly kind: 'train';
  readonly compute: ComputeSettings;
  readonly model: ModelSource;
  readonly data: readonly DataSource[];
  /** The recipe as parsed from its file, checked again by the engine. */
  readonly recipe: JsonObject;
  /** What a written adapter calls its base: a path or a hub name. */
  readonly reference: string;
  /** Folder of the result, absolute. */
  readonly out: string;
}

export interface TrainStep {
  /** 1-based. */
  readonly step: number;
  readonly lr: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly rows: readonly number[];
}

export interface TrainResult {
  readonly out: string;
  readonly run: string;
  readonly steps: readonly TrainStep[];
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
}

// --- inspect ---------------------------------------------------------------------------------------------------------

export interface InspectModelRequest {
  readonly kind: 'inspectModel';
  readonly compute: ComputeSettings;
  readonly model: ModelSource;
}

export interface InspectModelResult {
  readonly model: ModelIdentity;
  readonly architecture: string;
  readonly parameters: number;
  readonly trainedParameters: number | null;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly linearModules: number;
  readonly storedAs: Readonly<Record<string, number>>;
  readonly chatTemplate: 'yes' | 'no';
  readonly adapter: {
    readonly rank: readonly number[];
    readonly modules: readonly string[];
    readonly base: string | null;
  } | null;
  readonly warnings: readonly Warning[];
}

/** Counts what a model would train in each row of data files. */
export interface InspectDataRequest {
  readonly kind: 'inspectData';
  readonly compute: ComputeSettings;
  readonly model: ModelSource;
  readonly data: readonly DataSource[];
  readonly maxLength: number;
}

export interface InspectDataResult {
  readonly files: readonly {
    readonly file: string;
    readonly rows: number;
    readonly tokens: number;
    readonly trainedTokens: number;
    readonly longestRow: number;
    readonly truncatedRows: number;
  }[];
  readonly problems: readonly DataProblem[];
}

/** Plans, without computing, what the usual jobs would take with a model. */
export interface ModelNeedsRequest {
  readonly kind: 'modelNeeds';
  readonly compute: ComputeSettings;
  readonly model: ModelSource;
  readonly batchSize: number;
  /** Tokens of a row. */
  readonly length: number;
}

export interface TaskNeeds {
  readonly name: string;
  /** Anonymous memory of the engine at its peak, as it would be announced. */
  readonly bytes: number;
  /** Multiplications and additions of the linear layers. */
  readonly operations: number;
}

export interface ModelNeedsResult {
  readonly label: string;
  readonly architecture: string;
  readonly parameters: number;
  /** Mapped from files in float32, shared between processes. */
  readonly weightBytes: number;
  readonly batchSize: number;
  readonly length: number;
  readonly tasks: readonly TaskNeeds[];
}
