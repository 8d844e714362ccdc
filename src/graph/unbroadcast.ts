import type { GraphBuilder } from './builder';
import { type Shape, sameShape, type Value } from './ir';

/**
 * Sums a cotangent over the axes along which a value was repeated.
 *
 * @param cotangent broadcastable to `repeated`: equal along the axes it has not
 * @param repeated shape that `shape` was broadcast to
 * @param shape of the value before broadcasting
 * @returns the cotangent, broadcastable to `shape`
 */
export function unbroadcast(builder: GraphBuilder, cotangent: Value, repeated: Shape, shape: Shape): Value {
  const rank = repeated.length;
  const own = (axis: number) => shape[axis - rank + shape.length] ?? 1;
  const given = (axis: number) => cotangent.shape[axis - rank + cotangent.shape.length] ?? 1;

  // Along a repeated axis the cotangent has either every element, to be summed, or one that stands for them all.
  let copies = 1;
  const summed: number[] = [];
  for (let axis = 0; axis < rank; axis += 1) {
    if (own(axis) !== 1 || repeated[axis] === 1) continue;
    if (given(axis) === 1) copies *= repeated[axis]!;
    else summed.push(axis - rank + cotangent.shape.length);
  }
  const total = builder.reduceSum(cotangent, summed, 'keep');
  const extents = total.shape.slice(Math.max(0, total.shape.length - shape.length));
  const kept = sameShape(extents, total.shape) ? total : builder.reshape(total, extents);
  return builder.scale(kept, copies);
}
