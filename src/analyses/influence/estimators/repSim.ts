import type { Estimate } from './estimate';

/**
 * score = cosine of the hidden states of row and query, each less the mean state of the rows: what all rows have in
 * common says nothing about a kind.
 *
 * @param rowStates [rows, H]
 * @param queryStates [queries, H]
 */
export function repSim(rowStates: Float32Array, queryStates: Float32Array, hidden: number): Estimate {
  const rows = rowStates.length / hidden;
  const mean = new Float64Array(hidden);
  for (let i = 0; i < rowStates.length; i++) mean[i % hidden]! += rowStates[i]! / rows;
  const left = centred(queryStates, mean);
  const right = centred(rowStates, mean);
  const count = queryStates.length / hidden;
  const scores = new Float32Array(count * rows);
  for (let q = 0; q < count; q++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let j = 0; j < hidden; j++) sum += left[q * hidden + j]! * right[row * hidden + j]!;
      scores[q * rows + row] = sum;
    }
  }
  return { scores, directions: undefined };
}

/** Less the mean, to unit length; a vector that is the mean itself stays 0. */
export function centred(states: Float32Array, mean: Float64Array): Float32Array {
  const hidden = mean.length;
  const result = new Float32Array(states.length);
  for (let start = 0; start < states.length; start += hidden) {
    let squared = 0;
    for (let j = 0; j < hidden; j++) {
      const value = states[start + j]! - mean[j]!;
      result[start + j] = value;
      squared += value * value;
    }
    const norm = Math.sqrt(squared);
    if (norm === 0) continue;
    for (let j = 0; j < hidden; j++) result[start + j]! /= norm;
  }
  return result;
}
