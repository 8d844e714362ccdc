/** Random numbers that are the same in every run. */
export interface Random {
  /** In [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  shuffled<T>(values: readonly T[]): T[];
}

/** mulberry32 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffled: (values) => {
      const result = [...values];
      for (let i = result.length - 1; i > 0; i -= 1) {
        const k = Math.floor(uniform() * (i + 1));
        [result[i], result[k]] = [result[k]!, result[i]!];
      }
      return result;
    },
  };
}
