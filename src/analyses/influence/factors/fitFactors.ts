import type { PassContext, PassPlan } from '../../passes/rowPasses';
import type { Columns } from '../gradients/columns';
import type { FactorKind } from './covariances';
import type { Factors } from './factors';
import { fitKept } from './keptFit';
import type { FactorRow, LabelSettings } from './rowLabels';
import { sharedInputs } from './sharedInputs';
import { fitStreamed } from './streamedFit';

export interface FitSettings extends LabelSettings {
  readonly kind: FactorKind;
}

export type FitStage = 'covariances' | 'eigenbases' | 'eigenvalues';

/** How much of a stage is done: rows, or matrices of eigenbases. */
export type FitProgress = (stage: FitStage, done: number, total: number) => void;

/** Bytes of half-precision gradients that a fit keeps at most. */
export const keptGradientBytes = 1e9;

/** Values of one row's gradient above which it stays in the graph: it would be copied several times to leave. */
const widestKept = 2 ** 22;

export type FitStrategy = 'kept' | 'streamed';

/** `kept`: one pass, gradients held in memory. `streamed`: two passes, for what is too much to be held. */
export function fitStrategy(rows: number, { width }: Pick<Columns, 'width'>): FitStrategy {
  return width <= widestKept && 2 * rows * width <= keptGradientBytes ? 'kept' : 'streamed';
}

/**
 * Fits eigenvalue-corrected Kronecker factors to rows: covariances, their eigenbases, and the second moments of per-row
 * gradients in them (George et al. 2018; Grosse et al. 2023; `linfac` the reconstruction of arXiv 2412.16451, which is
 * eigenvalue-corrected Shampoo on rows).
 *
 * @param strategy both give the same factors, but for the rounding of kept gradients to eleven bits
 */
export async function fitFactors(
  settings: FitSettings,
  rows: readonly FactorRow[],
  plan: PassPlan,
  columns: Columns,
  context: PassContext,
  onProgress: FitProgress,
  strategy: FitStrategy = fitStrategy(rows.length, columns),
): Promise<Factors> {
  const inputOf = settings.kind === 'ekfac' ? sharedInputs(context.model, columns) : eachItsOwn(columns);
  const fitBy = strategy === 'kept' ? fitKept : fitStreamed;
  return fitBy(settings, rows, plan, columns, inputOf, context, onProgress);
}

function eachItsOwn({ list }: Columns): ReadonlyMap<string, string> {
  return new Map(list.map(({ name }) => [name, name]));
}
