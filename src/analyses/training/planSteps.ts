import type { Recipe } from '../../data/recipe';
import { createRandom, shuffled } from '../../linalg/random';
import { inputError } from '../../protocol/errors';
import { scheduleFactor } from './schedule';

/** What of a recipe decides which rows train when, and at which rate. */
export type StepPlanSettings = Pick<
  Recipe,
  | 'batchSize'
  | 'gradientAccumulation'
  | 'epochs'
  | 'order'
  | 'seed'
  | 'optimizer'
  | 'schedule'
  | 'batches'
  | 'learningRates'
>;

/** One optimiser step. */
export interface PlannedStep {
  /** 1-based. */
  readonly step: number;
  readonly learningRate: number;
  /** Row numbers in order, all accumulated batches together. */
  readonly rows: readonly number[];
}

/** Steps longer than this are a mistake in the recipe, and would exhaust memory before the first of them ran. */
const maxSteps = 10_000_000;

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function plannedBatches(rows: readonly number[], settings: StepPlanSettings): number[][] {
  const { batchSize, gradientAccumulation, epochs, order, seed } = settings;
  const perEpoch = Math.ceil(rows.length / (batchSize * gradientAccumulation));
  const total = epochs * perEpoch;
  if (total > maxSteps)
    throw inputError(
      'too-many-steps',
      `The recipe asks for ${total} steps; ${maxSteps} is the limit.`,
      'Lower epochs or raise batchSize.',
    );
  const batches: number[][] = [];
  for (let epoch = 0; batches.length < total; epoch++) {
    const ordered = order === 'given' ? rows : shuffled(rows, createRandom(seed, `order of epoch ${epoch}`));
    batches.push(...chunks(ordered, batchSize * gradientAccumulation));
  }
  return batches;
}

function replayedBatches(rows: readonly number[], batches: readonly (readonly number[])[]): number[][] {
  const known = new Set(rows);
  return batches.map((batch, index) => {
    const kept = batch.filter((row) => known.has(row));
    if (kept.length === 0)
      throw inputError(
        'empty-batch',
        `Batch ${index} of the recipe names no row with a trained token.`,
        'Remove the batch (and its learning rate), or give the data file that the batches were recorded on.',
      );
    return kept;
  });
}

/**
 * Every optimiser step of a run, decided before the first one.
 *
 * @param rows numbers of the rows that can be trained on, in file order. Explicit batches may name others (skipped
 *   rows): those drop out.
 */
export function planSteps(rows: readonly number[], settings: StepPlanSettings): PlannedStep[] {
  const { batches, learningRates, optimizer, schedule } = settings;
  if (rows.length === 0)
    throw inputError(
      'nothing-to-train',
      'The data has no row with a trained token.',
      'Check it with `whence inspect --data FILE`.',
    );
  const planned = batches === null ? plannedBatches(rows, settings) : replayedBatches(rows, batches);
  if (planned.length === 0)
    throw inputError(
      'no-steps',
      'The recipe makes no optimiser step.',
      'Set epochs above 0, or name at least one batch.',
    );
  if (learningRates !== null && learningRates.length !== planned.length)
    throw inputError(
      'learning-rates-length',
      `The recipe has ${learningRates.length} learning rates for ${planned.length} steps.`,
      'Give one learning rate a step, or leave learningRates out.',
    );
  return planned.map((batch, index) => ({
    step: index + 1,
    learningRate: learningRates?.[index] ?? optimizer.lr * scheduleFactor(schedule, index, planned.length),
    rows: batch,
  }));
}

/** The forward passes of one step: `batchSize` rows each, the last one may have fewer. */
export function microBatches(step: PlannedStep, batchSize: number): number[][] {
  return chunks(step.rows, batchSize);
}
