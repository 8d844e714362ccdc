import { internalError } from '../protocol/errors';
import type { GraphBuilder } from './builder';
import { copiesWithinSegments } from './copiesWithinSegments';
import type { Value } from './ir';
import { reverseWalk, type Seed } from './reverseWalk';

export interface RecomputedGradients {
  /** As `differentiate` gives them, equal to the last bit. */
  readonly gradients: readonly Value[];
  /**
   * A value of the forward pass as the backward pass has it: computed again from the boundary before it. What is
   * combined with gradients (inputs of layers, for example) must come from here, or the original is held all the while.
   */
  readonly recomputed: (value: Value) => Value;
}

/**
 * As `differentiate`, for less memory: of the forward pass only the boundaries are held, and the values between two of
 * them are computed again where the backward pass needs them, at the price of about one more forward pass. The last
 * segment, after the last boundary, is held, since its gradients come first.
 *
 * A value from before a boundary that is read after it, other than a boundary, is held too (masks, rotary tables).
 *
 * @param boundaries values of the forward pass in the order in which they are made, such as the inputs of layers
 */
export function differentiateWithRecomputation(
  builder: GraphBuilder,
  output: Value | readonly Seed[],
  wrt: readonly Value[],
  boundaries: readonly Value[],
): RecomputedGradients {
  const segments = segmentsOf(builder, boundaries);
  const copyWithin = copiesWithinSegments(builder, segments, new Set(boundaries));
  const gradients = reverseWalk(builder, [...builder.allNodes()], output, wrt, (node) => {
    const segment = segments.get(node.output);
    const copy = (value: Value): Value => copyWithin(value, segment);
    return { ...node, inputs: node.inputs.map(copy), output: copy(node.output) };
  });
  return { gradients, recomputed: (value) => copyWithin(value, segments.get(value)) };
}

/** Index of the boundary that ends the segment a value is made in; none for what is made after the last boundary. */
function segmentsOf(builder: GraphBuilder, boundaries: readonly Value[]): ReadonlyMap<Value, number> {
  const made = boundaries.filter((value) => builder.producerOf(value) !== undefined);
  const segments = new Map<Value, number>();
  let next = 0;
  for (const { output } of builder.allNodes()) {
    if (next === made.length) break;
    segments.set(output, next);
    if (output === made[next]) next += 1;
  }
  const missing = made[next];
  if (missing !== undefined) throw internalError(`boundary ${missing.name} is made before the boundaries before it`);
  return segments;
}
