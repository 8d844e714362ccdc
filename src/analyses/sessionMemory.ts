import type { MemoryPlan } from '../graph/planMemory';

/** How a session holds its weights: in the file, or copied into as many layouts as products read them in. */
export type WeightsHeld =
  | { readonly kind: 'mapped' }
  /** `forward`: one layout. `forwardAndBackward`: a matrix read both as it is and transposed is packed twice. */
  | { readonly kind: 'packed'; readonly read: 'forward' | 'forwardAndBackward' };

/**
 * Anonymous bytes of one session on the CPU with its feeds, at the peak of a run: one part of a job's estimate.
 * Sessions that are alive together keep their workspaces, so theirs add up.
 */
export function sessionMemory(plan: MemoryPlan, weights: WeightsHeld): number {
  const layouts = weights.kind === 'mapped' ? 0 : weights.read === 'forward' ? 1 : 2;
  return plan.residentBytes + plan.inputBytes + plan.constantBytes + layouts * plan.weightBytes;
}
