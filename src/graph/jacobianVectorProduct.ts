import type { GraphBuilder } from './builder';
import { differentiate } from './differentiate';
import type { Value } from './ir';

/**
 * J v: how `outputs` change when `wrt` move along `vectors`. The double reverse trick: J^T u is linear in u, so its
 * transpose with respect to u is J. The walk back through it leaves a forward pass of tangents and nothing else, since
 * `finish` drops what u alone needed: one forward pass in cost, as forward mode would be.
 *
 * @param vectors one a value of `wrt`, broadcastable to its shape
 * @returns one a value of `outputs`, of its shape
 */
export function jacobianVectorProduct(
  builder: GraphBuilder,
  outputs: readonly Value[],
  wrt: readonly Value[],
  vectors: readonly Value[],
): readonly Value[] {
  // Appended, not interned: each u must be a value of its own.
  const cotangents = outputs.map(({ shape }) => builder.append('Expand', [builder.scalar(0)], { shape }));
  const seeds = outputs.map((output, i) => ({ output, cotangent: cotangents[i]! }));
  const pulledBack = differentiate(builder, seeds, wrt);
  return differentiate(
    builder,
    pulledBack.map((output, i) => ({ output, cotangent: vectors[i]! })),
    cotangents,
  );
}
