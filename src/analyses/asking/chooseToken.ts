import type { Random } from '../../linalg/random';
import type { Sampling } from '../../protocol/requests';

/** A chosen token with log p under the model at temperature 1, natural logarithm. */
export interface ChosenToken {
  readonly id: number;
  readonly logProbability: number;
}

/**
 * Picks the next token from logits [V]: the most likely one (the first of equals), or one drawn from the smallest set of
 * likeliest tokens whose probability at the given temperature reaches `topP` (Holtzman et al. 2020).
 */
export function chooseToken(logits: Float32Array, sampling: Sampling, random: Random): ChosenToken {
  const likeliest = argMax(logits);
  const id =
    sampling.kind === 'greedy' || sampling.temperature === 0
      ? likeliest
      : draw(logits, logits[likeliest]!, sampling.temperature, sampling.topP, random);
  return { id, logProbability: logits[id]! - logSumExp(logits, logits[likeliest]!) };
}

function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) if (values[i]! > values[best]!) best = i;
  return best;
}

function logSumExp(values: Float32Array, most: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += Math.exp(values[i]! - most);
  return most + Math.log(sum);
}

function draw(logits: Float32Array, most: number, temperature: number, topP: number, random: Random): number {
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
  const order = topP < 1 ? byWeight(weights) : [...weights.keys()];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let count = 0;
  while (count < order.length && (count === 0 || kept < topP * total)) {
    kept += weights[order[count]!]!;
    count += 1;
  }
  let rest = random.uniform() * kept;
  for (let i = 0; i < count; i += 1) {
    rest -= weights[order[i]!]!;
    if (rest < 0) return order[i]!;
  }
  return order[count - 1]!;
}

function byWeight(weights: Float64Array): number[] {
  return [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b);
}
