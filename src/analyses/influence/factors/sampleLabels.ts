import { createRandom } from '../../../linalg/random';
import { type PassContext, type PassPlan, type PassProgram, plainInputs, runRowPasses } from '../../passes/rowPasses';
import { untrained } from '../../training/passFeeds';
import type { WeightedTokens } from '../gradients/rowGradients';

const program: PassProgram = {
  key: 'logits',
  outputs: ({ loss }) => [{ name: 'logits', value: loss.logits }],
};

/**
 * The rows with every trained target replaced by a token drawn from the model's own distribution at that place: what
 * makes an expectation over gradients the Fisher information instead of an empirical second moment. A draw depends on the
 * seed, the row and the position alone.
 */
export async function sampleLabels<R extends WeightedTokens & { readonly encodingHash: string }>(
  rows: readonly R[],
  plan: PassPlan,
  seed: number,
  context: PassContext,
): Promise<R[]> {
  const sampled = new Array<R>(rows.length);
  await runRowPasses(rows, plan, program, context, plainInputs, ({ rows: pass, shape, feeds, outputs }) => {
    const logits = outputs.logits as Float32Array;
    const vocabulary = logits.length / shape.trained;
    const drawn = pass.map((index) => {
      const row = rows[index]!;
      return {
        row,
        labels: new Int32Array(row.labels.length).fill(untrained),
        random: createRandom(seed, `labels ${row.encodingHash}`),
      };
    });
    for (const [place, i] of feeds.rowOfPlace.entries()) {
      const { labels, random } = drawn[i]!;
      const position = (Number(feeds.places[place]) % shape.length) + 1;
      labels[position] = drawToken(logits.subarray(place * vocabulary, (place + 1) * vocabulary), random.uniform());
    }
    for (const [i, index] of pass.entries()) sampled[index] = { ...drawn[i]!.row, labels: drawn[i]!.labels };
  });
  return sampled;
}

/** Inverse of the cumulative distribution softmax(logits) at u in [0, 1). */
function drawToken(logits: Float32Array, u: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > largest) largest = logits[i]!;
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i]! - largest);
  let left = u * total;
  for (let i = 0; i < logits.length; i++) {
    left -= Math.exp(logits[i]! - largest);
    if (left < 0) return i;
  }
  return logits.length - 1;
}
