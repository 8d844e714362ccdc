/** Types of runPeer.mjs, for the benchmarks written in TypeScript. */

/** A row, or (with `factor`) a part of a query, as jobs.py reads it. */
export interface PeerSequence {
  readonly input_ids: readonly number[];
  /** -100 where a token is not trained. */
  readonly labels: readonly number[];
}

export interface PeerRow extends PeerSequence {
  readonly weight: number;
}

export interface PeerQuery {
  readonly id: string;
  readonly parts: readonly (PeerSequence & { readonly factor: number })[];
}

export interface PeerJob {
  /** Hugging Face folder of the base model. */
  readonly model: string;
  readonly adapter: string | null;
  /** A JSONL file, or what its lines hold. */
  readonly rows: string | readonly PeerRow[];
  readonly queries: string | readonly PeerQuery[];
  readonly modules: 'adapter' | 'linear';
  readonly rowBatch: number;
  /** Query parts of one batch; each holds a gradient of the tracked modules in memory. */
  readonly queryBatch: number;
  readonly threads: number;
  readonly seed: number;
  /** Drawn labels to use, a JSONL file; null: drawn here. */
  readonly labelsIn: string | null;
  /** null: 0.1 x the mean of each module's Lambda. */
  readonly damping: number | null;
}

export interface EkfacJob extends PeerJob {
  readonly factors: 'ekfac' | 'kfac' | 'identity';
  /** Where drawn labels are kept, which are then the same in both passes; null: each pass draws its own. */
  readonly labelsOut: string | null;
  /** Where the factors are kept; null: they are thrown away. */
  readonly folder: string | null;
}

export interface EkfacResult {
  /** [query][row]; positive: the row lowers the query's measurement. */
  readonly scores: readonly (readonly number[])[];
  readonly queries: readonly string[];
  readonly modules: readonly string[];
  readonly parameters: number;
  /** Of covariance, eigendecomposition, lambda, pairwise. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Highest resident memory up to the end of each stage. */
  readonly peakMemoryMiB: Readonly<Record<string, number>>;
  readonly factorsMiB: number;
  readonly damping: string | number;
  readonly library: string;
}

export type ReferenceMethod = 'graddot' | 'gradcos' | 'datainf' | 'repsim' | 'ekfac';

export interface GradientsJob extends PeerJob {
  readonly methods: readonly ReferenceMethod[];
  /** Hidden state of repsim: 0 the embedding, k the output of layer k. */
  readonly layer: number;
}

export interface GradientsResult {
  readonly scores: Readonly<Partial<Record<ReferenceMethod, readonly (readonly number[])[]>>>;
  readonly queries: readonly string[];
  /** Squared gradient norm of each row. */
  readonly selfInfluence: readonly number[];
  /** Nats, summed over trained tokens. */
  readonly rowLosses: readonly number[];
  readonly queryLosses: readonly number[];
  readonly modules: readonly string[];
  readonly parameters: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly peakMemoryMiB: number;
}

export function peerPython(): string;
export function runEkfac(job: EkfacJob): Promise<EkfacResult>;
export function runGradients(job: GradientsJob): Promise<GradientsResult>;
