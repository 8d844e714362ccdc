import { internalError } from '../../protocol/errors';
import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';

/**
 * Rotary position embedding of half-split pairs (element i is paired with i + r/2), as transformers' `rotate_half`:
 * (x1, x2) => (x1 cos - x2 sin, x2 cos + x1 sin). Elements from r on pass through (partial rotation).
 * Written on halves, so that the gradient is two slices, the rotation by the negative angle, and one concatenation.
 *
 * @param x [..., T, D]
 * @param cos broadcasts against [..., T, r/2], r <= D even; multiplied by the attention scaling, where there is one
 * @param sin as `cos`
 * @returns [..., T, D]
 */
export function rotaryEmbedding(builder: GraphBuilder, x: Value, cos: Value, sin: Value): Value {
  const axis = x.shape.length - 1;
  const width = x.shape[axis]!;
  const half = cos.shape.at(-1)!;
  if (2 * half > width) throw internalError(`rotation of ${2 * half} of ${width} elements`);
  const first = builder.slice(x, axis, 0, half);
  const second = builder.slice(x, axis, half, 2 * half);
  const rotated = [
    builder.sub(builder.mul(first, cos), builder.mul(second, sin)),
    builder.add(builder.mul(second, cos), builder.mul(first, sin)),
  ];
  if (2 * half < width) rotated.push(builder.slice(x, axis, 2 * half, width));
  return builder.concat(rotated, axis);
}
