import { bootstrapInterval } from '../../../linalg/statistics/bootstrapInterval';
import type { EncodedQuery } from '../../measuring/encodeQuery';
import { type PassContext, type PassProgram, plainInputs, planRowPasses, runRowPasses } from '../../passes/rowPasses';

/**
 * `tuned`: the fine-tune brought it. `base`: the base model does it already. `neither`: the tuned model does it no more
 * than the base, and the base does not do it.
 */
export const gateVerdicts = ['tuned', 'base', 'neither'] as const;
export type GateVerdict = (typeof gateVerdicts)[number];

/** Whether there is anything to explain. */
export interface Gate {
  /** Mean over the completion's tokens of log p tuned - log p base, nats. */
  readonly logRatio: number;
  /** log p tuned - log p base of the whole completion, nats. */
  readonly change: number;
  /** 95 % interval of that mean, resampling tokens. */
  readonly interval: readonly [number, number];
  /** Mean log p of a token under each model, nats. */
  readonly baseLogprob: number;
  readonly tunedLogprob: number;
  readonly verdict: GateVerdict;
}

/** What one model says of a completion, token by token. */
interface CompletionScores {
  readonly logProbabilities: readonly number[];
  /** Whether each token is the likeliest one at its place: asked greedily, the model gives this answer. */
  readonly likeliest: readonly boolean[];
}

/**
 * A completion that the tuned model makes this many times as likely as the base (as a whole) is of the fine-tune: by
 * then the interval of a few tokens says nothing.
 */
const leastFactor = 4;

/** Nats a token under the base above which it says the completion by itself, though not word for word. */
const givenByItself = Math.log(0.7);

const resamples = 1000;

/** Compares queried completions under the tuned model and its base. */
export async function computeGates(
  queries: readonly EncodedQuery[],
  batchSize: number | null,
  seed: number,
  tuned: PassContext,
  base: PassContext,
): Promise<Gate[]> {
  const [ofTuned, ofBase] = [
    await completionScores(queries, batchSize, tuned),
    await completionScores(queries, batchSize, base),
  ];
  return queries.map((_, i) => gateOf(ofTuned[i]!, ofBase[i]!, seed));
}

function gateOf(tuned: CompletionScores, base: CompletionScores, seed: number): Gate {
  const ratios = tuned.logProbabilities.map((value, t) => value - base.logProbabilities[t]!);
  const total = ratios.reduce((sum, ratio) => sum + ratio, 0);
  const logRatio = total / ratios.length;
  const { low, high } = bootstrapInterval(ratios, { resamples, seed, level: 0.95 });
  const baseLogprob = meanOf(base.logProbabilities);
  const saysIt = base.likeliest.every(Boolean) || baseLogprob >= givenByItself;
  const verdict: GateVerdict = saysIt ? 'base' : total >= Math.log(leastFactor) ? 'tuned' : 'neither';
  return {
    logRatio,
    change: total,
    interval: [low, high],
    baseLogprob,
    tunedLogprob: meanOf(tuned.logProbabilities),
    verdict,
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const program: PassProgram = {
  key: 'completions',
  outputs: ({ builder, loss }) => [
    { name: 'log_probabilities', value: loss.logProbabilities },
    { name: 'likeliest', value: builder.argMax(loss.logits, 1) },
  ],
};

async function completionScores(
  queries: readonly EncodedQuery[],
  batchSize: number | null,
  context: PassContext,
): Promise<CompletionScores[]> {
  const rows = queries.map(({ row }) => row);
  const plan = planRowPasses(rows, batchSize, context.model.config);
  const found = rows.map(() => ({ logProbabilities: [] as number[], likeliest: [] as boolean[] }));
  await runRowPasses(rows, plan, program, context, plainInputs, ({ rows: pass, feeds, outputs }) => {
    const logProbabilities = outputs.log_probabilities as Float32Array;
    const likeliest = outputs.likeliest as BigInt64Array;
    for (const [place, i] of feeds.rowOfPlace.entries()) {
      const scores = found[pass[i]!]!;
      scores.logProbabilities.push(logProbabilities[place]!);
      scores.likeliest.push(likeliest[place] === feeds.targets[place]);
    }
  });
  return found;
}
