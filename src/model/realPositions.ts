import type { GraphBuilder } from '../graph/builder';
import type { Value } from '../graph/ir';

/**
 * [N, 1], 1 at real positions and 0 at padding, for methods that average over positions.
 *
 * @param lengths [B] int64, real tokens of each row
 * @param length T, positions of a row; N = B T
 */
export function realPositions(builder: GraphBuilder, lengths: Value, length: number): Value {
  const batch = lengths.shape[0]!;
  const positions = builder.int64(
    Array.from({ length }, (_, i) => i),
    [1, length],
  );
  const real = builder.compare('Less', positions, builder.reshape(lengths, [batch, 1]));
  return builder.reshape(builder.cast(real, 'float32'), [batch * length, 1]);
}
