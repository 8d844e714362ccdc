/** How strongly a token is shown. Pure: no DOM. */

/** Steps of shading on either side. */
export const heatLevels = 6;

/** -6 … 6 for a signed figure beside the largest of its text; 0: too little to show. */
export function heatLevel(value: number, largest: number): number {
  if (largest <= 0 || !Number.isFinite(value)) return 0;
  const part = Math.min(1, Math.abs(value) / largest);
  return Math.sign(value) * Math.round(part * heatLevels) || 0;
}

/** Below this probability a token has the strongest shading. */
const leastProbability = 0.01;

/** 0 … 6 for a token's log-probability: 0 is certain. */
export function surpriseLevel(logProbability: number): number {
  const part = Math.min(1, Math.max(0, logProbability / Math.log(leastProbability)));
  return Math.round(part * heatLevels);
}

export function largestOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
