/** Rows filed under keys, to find those that share one. */
export interface KeyedRows {
  /** @param key 32 bits */
  add(key: number, row: number): void;
  /**
   * Empties it. Rows with different keys may rarely come together: whoever asks compares them.
   *
   * @param visit gets the different rows of each key that has at least two, ascending; the array is used again
   */
  visitRuns(visit: (rows: readonly number[]) => void): void;
}

/**
 * Key and row share the 53 bits of a double, so that one sort of plain numbers brings equal keys together.
 *
 * @param rows rows are in [0, rows)
 */
export function createKeyedRows(rows: number): KeyedRows {
  const rowSpan = 2 ** Math.ceil(Math.log2(Math.max(2, rows)));
  const keySpan = Math.min(2 ** 32, 2 ** 53 / rowSpan);
  let entries = new Float64Array(1 << 12);
  let used = 0;
  return {
    add: (key, row) => {
      if (used === entries.length) {
        const larger = new Float64Array(2 * used);
        larger.set(entries);
        entries = larger;
      }
      entries[used++] = ((key >>> 0) % keySpan) * rowSpan + row;
    },
    visitRuns: (visit) => {
      const sorted = entries.subarray(0, used).sort();
      const run: number[] = [];
      let runKey = -1;
      for (const entry of sorted) {
        const key = Math.floor(entry / rowSpan);
        if (key !== runKey) {
          if (run.length > 1) visit(run);
          run.length = 0;
          runKey = key;
        }
        const row = entry - key * rowSpan;
        if (run[run.length - 1] !== row) run.push(row);
      }
      if (run.length > 1) visit(run);
      used = 0;
    },
  };
}
