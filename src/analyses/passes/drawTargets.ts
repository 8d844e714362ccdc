import type { GraphBuilder } from '../../graph/builder';
import type { Value } from '../../graph/ir';
import { internalError } from '../../protocol/errors';

/** Columns that are summed before the draw looks inside: the square root of a large vocabulary, about. */
const chunkColumns = 256;

/**
 * Draws a token at each place from softmax(logits), by the inverse of the cumulative distribution: first the run of
 * columns, then the column in it. Cumulative sums are products with a triangle of ones, which every provider has.
 *
 * @param logits [M, V]
 * @param uniforms [M, 1], in [0, 1)
 * @returns [M] int64
 */
export function drawTargets(builder: GraphBuilder, logits: Value, uniforms: Value): Value {
  const [places, vocabulary] = logits.shape as readonly [number, number];
  if (uniforms.shape[0] !== places || uniforms.shape[1] !== 1) throw internalError(`uniforms [${uniforms.shape}]`);
  const chunks = Math.ceil(vocabulary / chunkColumns);
  const largest = builder.reduceMax(logits, [1], 'keep');
  const weights = builder.unary('Exp', builder.sub(logits, largest));
  const padded = builder.pad(weights, 1, 0, chunks * chunkColumns - vocabulary);
  const cut = builder.reshape(padded, [places * chunks, chunkColumns]);
  const sums = builder.reshape(builder.reduceSum(cut, [1], 'keep'), [places, chunks]);

  const upToChunk = cumulativeSums(builder, sums);
  const total = builder.slice(upToChunk, 1, chunks - 1, chunks);
  const threshold = builder.mul(uniforms, total);
  const chunk = countAtMost(builder, upToChunk, threshold, chunks);
  const chunkIndex = builder.cast(chunk, 'int64');

  // What lies before the chunk is the sum of those that the threshold passed.
  const passed = builder.cast(builder.not(builder.compare('Less', threshold, upToChunk)), 'float32');
  const before = builder.reduceSum(builder.mul(passed, sums), [1], 'keep');
  const starts = builder.int64(
    Array.from({ length: places }, (_, place) => place * chunks),
    [places, 1],
  );
  const rows = builder.reshape(builder.add(starts, chunkIndex), [places]);
  const inside = cumulativeSums(builder, builder.gatherRows(cut, rows));
  const column = countAtMost(builder, inside, builder.sub(threshold, before), chunkColumns);
  const token = builder.add(builder.mul(chunk, builder.scalar(chunkColumns)), column);
  const last = builder.scalar(vocabulary - 1);
  const bounded = builder.where(builder.compare('Less', last, token), builder.expand(last, [places, 1]), token);
  return builder.reshape(builder.cast(bounded, 'int64'), [places]);
}

/** [M, n] => [M, n]: sums of the first 1, 2, ... n columns. */
function cumulativeSums(builder: GraphBuilder, values: Value): Value {
  const n = values.shape[1]!;
  const triangle = Float32Array.from({ length: n * n }, (_, i) => (Math.floor(i / n) <= i % n ? 1 : 0));
  return builder.gemm(values, builder.constant('float32', [n, n], triangle), { transA: 'no', transB: 'no' });
}

/** [M, 1]: how many of the first n - 1 columns are at most the threshold: the index that it falls on, whatever rounding does. */
function countAtMost(builder: GraphBuilder, columns: Value, threshold: Value, n: number): Value {
  if (n === 1) return builder.mul(threshold, builder.scalar(0));
  const passed = builder.not(builder.compare('Less', threshold, builder.slice(columns, 1, 0, n - 1)));
  return builder.reduceSum(builder.cast(passed, 'float32'), [1], 'keep');
}
