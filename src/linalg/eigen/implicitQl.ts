import { internalError } from '../../protocol/errors';

/** Iterations of one eigenvalue; in practice two are enough. */
const mostIterations = 60;

/**
 * Eigenvalues and vectors of a symmetric tridiagonal matrix by implicit QL (EISPACK's tql2). Not sorted.
 *
 * @param diagonal [n], becomes the eigenvalues
 * @param beside [n], element i couples i and i + 1; destroyed
 * @param vectors rows of a matrix, `stride` apart, the first at `offset`; each turns with the basis: the identity becomes
 *   the eigenvectors, vector k in row k
 * @param norm a norm of the matrix that this is a part of: couplings that are nothing beside it are dropped
 */
export function implicitQl(
  diagonal: Float64Array,
  beside: Float64Array,
  vectors: {
    readonly data: Float64Array;
    readonly offset: number;
    readonly stride: number;
    readonly columns: number;
  },
  norm: number,
): void {
  const n = diagonal.length;
  const negligible = (i: number): boolean => {
    const size = Math.abs(beside[i]!);
    return (
      size <= Number.EPSILON * (Math.abs(diagonal[i]!) + Math.abs(diagonal[i + 1]!)) ||
      size <= (Number.EPSILON / 16) * norm
    );
  };
  for (let first = 0; first < n; first++) {
    for (let iteration = 0; ; iteration++) {
      let last = first;
      while (last < n - 1 && !negligible(last)) last++;
      if (last === first) break;
      if (iteration === mostIterations) throw internalError(`no eigenvalue after ${mostIterations} iterations`);
      sweep(diagonal, beside, vectors, first, last);
    }
  }
}

/** One QL step with Wilkinson's shift on rows [first, last]. */
function sweep(
  d: Float64Array,
  e: Float64Array,
  vectors: { data: Float64Array; offset: number; stride: number; columns: number },
  first: number,
  last: number,
): void {
  const half = (d[first + 1]! - d[first]!) / (2 * e[first]!);
  const root = Math.hypot(half, 1);
  let g = d[last]! - d[first]! + e[first]! / (half + (half < 0 ? -root : root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = d[i + 1]! - p;
      e[last] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    const t = (d[i]! - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    turn(vectors.data, vectors.offset + i * vectors.stride, vectors.stride, vectors.columns, c, s);
  }
  d[first] = d[first]! - p;
  e[first] = g;
  e[last] = 0;
}

/** Rotates a row and the one after it. */
function turn(data: Float64Array, offset: number, stride: number, columns: number, c: number, s: number): void {
  for (let k = offset; k < offset + columns; k++) {
    const below = data[k + stride]!;
    const above = data[k]!;
    data[k + stride] = s * above + c * below;
    data[k] = c * above - s * below;
  }
}
