import type { TraceMethod } from '../../protocol/influence';
import type { Attribution, PreparedQueries } from './attribution';
import { astra, astraSettings } from './estimators/astra';
import { dataInf } from './estimators/dataInf';
import type { Estimate } from './estimators/estimate';
import { gradCos } from './estimators/gradCos';
import { gradDot } from './estimators/gradDot';
import { kroneckerFactored } from './estimators/kroneckerFactored';
import { loGra } from './estimators/loGra';
import { repSim } from './estimators/repSim';
import type { FactorKind } from './factors/covariances';
import { reciprocalRankFusion } from './fusion';
import { exactScores } from './runs/exactScores';
import { tracIn } from './runs/tracIn';

/** Methods that yield one score a row; `auto` shows two of them. */
export type StaticMethod = Exclude<TraceMethod, 'auto'>;

/** Of reciprocal rank fusion (Cormack et al. 2009). */
const fusionConstant = 60;

type Estimator = (attribution: Attribution, queries: PreparedQueries) => Promise<Estimate>;

/** Scores of every row for every query, by method. */
export const estimators: { readonly [M in StaticMethod]: Estimator } = {
  bm25: async ({ bm25, rows }, { queries }) => {
    const scores = new Float32Array(queries.length * rows.length);
    for (const [q, { plain }] of queries.entries()) scores.set(bm25().score(plain), q * rows.length);
    return { scores, directions: undefined };
  },
  repsim: async (attribution, queries) => repSim(await attribution.kinds(), (await queries.states()).slice()),
  graddot: async (attribution, queries) => gradDot(await gradientInput(attribution, queries)),
  gradcos: async (attribution, queries) => gradCos(await gradientInput(attribution, queries)),
  tracin: tracIn,
  exact: exactScores,
  datainf: async (attribution, queries) => dataInf(await gradientInput(attribution, queries)),
  logra: async (attribution, queries) => projectedEstimate(attribution, queries, attribution.settings.damping),
  ekfac: factored('ekfac'),
  linfac: factored('linfac'),
  astra: (attribution, queries) => astra(attribution, queries, astraSettings),
  hybrid: async (attribution, queries) => {
    const parts = await Promise.all(
      (['ekfac', 'repsim', 'bm25'] as const).map((m) => estimators[m](attribution, queries)),
    );
    const rows = attribution.rows.length;
    const scores = new Float32Array(queries.queries.length * rows);
    for (const q of queries.queries.keys()) {
      const rankings = parts.map((part) => part.scores.subarray(q * rows, (q + 1) * rows));
      scores.set(reciprocalRankFusion(rankings, fusionConstant), q * rows);
    }
    return { scores, directions: undefined };
  },
};

function factored(kind: FactorKind): Estimator {
  return (attribution, queries) => factoredEstimate(kind, attribution, queries, attribution.settings.damping);
}

async function factoredEstimate(
  kind: FactorKind,
  attribution: Attribution,
  queries: PreparedQueries,
  damping: number,
): Promise<Estimate> {
  const curvature = await attribution.curvature(kind);
  return kroneckerFactored({ ...(await gradientInput(attribution, queries)), ...curvature, damping });
}

async function projectedEstimate(
  attribution: Attribution,
  queries: PreparedQueries,
  damping: number,
): Promise<Estimate> {
  const { gradients } = await queries.projections();
  const input = { gradients: await attribution.projections(), queries: gradients, count: queries.queries.length };
  return loGra(input, await attribution.projectedSolver(damping));
}

/** Methods whose scores hang on a damping, at any damping. */
export const dampedEstimators: {
  readonly [M in StaticMethod]?: (
    attribution: Attribution,
    queries: PreparedQueries,
    damping: number,
  ) => Promise<Estimate>;
} = {
  logra: projectedEstimate,
  ekfac: (attribution, queries, damping) => factoredEstimate('ekfac', attribution, queries, damping),
  linfac: (attribution, queries, damping) => factoredEstimate('linfac', attribution, queries, damping),
};

/** The rows and queries of an estimator from gradients. */
export async function gradientInput(attribution: Attribution, queries: PreparedQueries) {
  const { gradients } = await queries.gradients();
  return { gradients: await attribution.gradients(), queries: gradients, count: queries.queries.length };
}
