import { createRandom, shuffled } from '../../../linalg/random';
import { planRowPasses } from '../../passes/rowPasses';
import type { Attribution, PreparedQueries } from '../attribution';
import { dampedInverse, type Factors, moduleDampings } from '../factors/factors';
import { conjugateGradients, type LinearSystem } from '../gaussNewton/conjugateGradients';
import { gaussNewtonProducts } from '../gaussNewton/gaussNewtonProducts';
import { runDampings } from '../runs/runDampings';
import type { Estimate } from './estimate';

export interface AstraSettings {
  /** Products with G for each query, besides the one that the start costs, at most. */
  readonly iterations: number;
  /** Relative residual at which the iterations end. */
  readonly tolerance: number;
  /** Rows that G is the mean over; more are drawn from by the seed. */
  readonly rows: number;
  /** Dampings relative to the mean eigenvalue of each module, in the system and in its preconditioner. */
  readonly damping: {
    /** Where no recorded run says how much. */
    readonly withoutRun: number;
    /** Below what a run says, this. */
    readonly least: number;
  };
}

/**
 * Without a run the damping is ten times that of `ekfac`: eigenvalues fitted from one sampled gradient a row miss
 * directions that G has, and with less damping the start overshoots there by more than eight iterations bring back.
 */
export const astraSettings: AstraSettings = {
  iterations: 8,
  tolerance: 0.01,
  rows: 1024,
  damping: { withoutRun: 1, least: 0.1 },
};

/**
 * In the manner of ASTRA (Wang et al. 2025, arXiv 2507.14740): EK-FAC is the preconditioner and the start, not the
 * answer, of a few iterations on the damped Gauss-Newton system of all tracked matrices together,
 *
 *   (G + D) x = g_q,   G = E_row[J_k^T H_k J_k],   D = d I of each module, d as in `runDampings`
 *   score = g_k . x
 *
 * Ours are conjugate gradients with one G for all iterations; the paper's are stochastic Neumann steps.
 */
export async function astra(
  attribution: Attribution,
  queries: PreparedQueries,
  settings: AstraSettings,
): Promise<Estimate> {
  const { columns, place } = attribution;
  const { width } = columns;
  const { gradients } = await queries.gradients();
  const count = queries.queries.length;
  const { factors, rotator } = await attribution.curvature('ekfac');
  const { dampings, origin } = await dampingsOf(attribution, factors, settings);
  const inverse = dampedInverse(factors, dampings);
  const chosen = chooseRows(attribution, settings.rows);
  const plan = planRowPasses(chosen, attribution.settings.batchSize, place.model.config);
  let round = 0;
  const system: LinearSystem = {
    count,
    width,
    multiply: async (vectors) => {
      const products = await gaussNewtonProducts(
        Float32Array.from(vectors),
        count,
        chosen,
        plan,
        columns,
        place,
        (done, total) =>
          place.onProgress('Gauss-Newton products', round * total + done, (settings.iterations + 1) * total, 'passes'),
      );
      round += 1;
      for (const [c, { offset, size }] of columns.list.entries())
        for (let i = 0; i < count; i++)
          for (let j = i * width + offset; j < i * width + offset + size; j++)
            products[j]! += dampings[c]! * vectors[j]!;
      return products;
    },
    precondition: async (vectors) => {
      const result = new Float64Array(vectors.length);
      for (let first = 0; first < count; first += rotator.block) {
        const n = Math.min(rotator.block, count - first);
        const part = Float32Array.from(vectors.subarray(first * width, (first + n) * width));
        const rotated = await rotator.toEigenbasis(part);
        for (let i = 0; i < n; i++) for (let j = 0; j < width; j++) rotated[i * width + j]! *= inverse[j]!;
        const back = await rotator.fromEigenbasis(rotated.subarray(0, n * width));
        result.set(back.subarray(0, n * width), first * width);
      }
      return result;
    },
  };
  const { vectors, residuals, iterations } = await conjugateGradients(
    system,
    gradients,
    settings.iterations,
    settings.tolerance,
  );
  const directions = Float32Array.from(vectors);
  const worst = Math.max(0, ...residuals);
  return {
    scores: await (await attribution.gradients()).scan(directions, count),
    directions,
    warnings: [
      {
        code: 'astra-residual',
        message: `After ${iterations} iterations over ${chosen.length} rows what is left of the system is at most ${(100 * worst).toFixed(1)} % of its right side.`,
      },
      {
        code: 'astra-damping',
        message: `Damping is ${relative(factors, dampings).toPrecision(2)} of the mean eigenvalue (median over modules), ${origin}.`,
      },
    ],
  };
}

/** Of each module, and where they come from as a person reads it. */
async function dampingsOf(
  { place, columns }: Attribution,
  factors: Factors,
  { damping }: AstraSettings,
): Promise<{ readonly dampings: readonly number[]; readonly origin: string }> {
  const source = place.run;
  const found = source === undefined ? undefined : await runDampings((await source.open()).run, columns);
  if (found === undefined)
    return { dampings: moduleDampings(factors, damping.withoutRun), origin: 'as no recorded run says how much' };
  const least = moduleDampings(factors, damping.least);
  // A module whose gradient is zero for every row has nothing to damp.
  return {
    dampings: found.map((own, c) => (least[c] === 0 ? 0 : Math.max(own, least[c]!))),
    origin: 'which is what ending the recorded run where it ended amounts to',
  };
}

/** Median over modules of damping / mean eigenvalue. */
function relative(factors: Factors, dampings: readonly number[]): number {
  const means = moduleDampings(factors, 1);
  const ratios = dampings.flatMap((own, c) => (means[c] === 0 ? [] : [own / means[c]!])).sort((a, b) => a - b);
  return ratios[Math.floor(ratios.length / 2)] ?? 0;
}

function chooseRows({ rows, settings: { seed } }: Attribution, most: number) {
  if (rows.length <= most) return rows;
  return shuffled(rows, createRandom(seed, 'rows of the Gauss-Newton matrix')).slice(0, most);
}
