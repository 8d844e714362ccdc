import { spearman } from '../../linalg/statistics/spearman';
import type { Warning } from '../../protocol/requests';
import type { Attribution, PreparedQueries } from './attribution';
import { dampedEstimators, estimators, type StaticMethod } from './estimateScores';
import type { Estimate } from './estimators/estimate';
import { type NullLevels, nullLevels } from './evidence/nullLevels';
import type { FactorKind } from './factors/covariances';
import type { Columns } from './gradients/columns';

export interface TraceInput {
  readonly attribution: Attribution;
  readonly queries: PreparedQueries;
  readonly controls: PreparedControls;
}

/** Control queries of the null. */
export interface PreparedControls {
  readonly prepared: PreparedQueries;
  /** Of each: log p tuned - log p base of its completion, nats. */
  readonly changes: readonly number[];
}

/** Scores by one method with what they are held against. */
export interface TracedScores {
  /** [queries, rows] */
  readonly scores: Float32Array;
  /** [queries, width], or undefined: the scores do not split over positions. */
  readonly directions: Float32Array | undefined;
  /** Layout of the directions. */
  readonly columns: Columns;
  /** What the method says of its scores. */
  readonly warnings: readonly Warning[];
  /** undefined: too few controls. */
  readonly levels: NullLevels | undefined;
  /** [rows], or undefined: the method has none. */
  readonly selfInfluence: Float32Array | undefined;
  /** Of each query; undefined: the method has no damping to vary. */
  readonly sensitivity: readonly DampingSensitivity[] | undefined;
}

/** Rank correlation of the scores with those at another damping. */
export interface DampingSensitivity {
  readonly tenth: number;
  readonly tenfold: number;
}

/** The curvature behind a method that has one. */
const curvatureOf: Partial<Record<StaticMethod, FactorKind>> = { ekfac: 'ekfac', linfac: 'linfac' };

/** Scores rows for queries and for the controls by one method. */
export async function traceScores(method: StaticMethod, input: TraceInput): Promise<TracedScores> {
  const { attribution, queries, controls } = input;
  const { scores, directions, columns, warnings } = await estimators[method](attribution, queries);
  const nulls = controls.changes.length === 0 ? undefined : await nullScores(method, attribution, controls.prepared);
  const curvature = curvatureOf[method];
  return {
    scores,
    directions,
    columns: columns ?? attribution.columns,
    warnings: warnings ?? [],
    levels: nulls && nullLevels(nulls, controls.changes),
    selfInfluence: curvature && (await attribution.selfInfluence(curvature)),
    sensitivity: await dampingSensitivity(method, scores, input),
  };
}

/** Of each method, as long as the controls live: they do not depend on what is asked. */
const knownNulls = new WeakMap<PreparedQueries, Map<StaticMethod, Promise<Estimate>>>();

async function nullScores(
  method: StaticMethod,
  attribution: Attribution,
  controls: PreparedQueries,
): Promise<Float32Array> {
  const known = knownNulls.get(controls) ?? new Map<StaticMethod, Promise<Estimate>>();
  knownNulls.set(controls, known);
  const made = known.get(method) ?? estimators[method](attribution, controls);
  known.set(method, made);
  made.catch(() => known.delete(method));
  return (await made).scores;
}

async function dampingSensitivity(
  method: StaticMethod,
  scores: Float32Array,
  { attribution, queries }: TraceInput,
): Promise<DampingSensitivity[] | undefined> {
  const atDamping = dampedEstimators[method];
  if (atDamping === undefined) return undefined;
  const { damping } = attribution.settings;
  const tenth = await atDamping(attribution, queries, damping / 10);
  const tenfold = await atDamping(attribution, queries, damping * 10);
  const rows = attribution.rows.length;
  return queries.queries.map((_, q) => {
    const own = (all: Float32Array): Float32Array => all.subarray(q * rows, (q + 1) * rows);
    return { tenth: spearman(own(scores), own(tenth.scores)), tenfold: spearman(own(scores), own(tenfold.scores)) };
  });
}
