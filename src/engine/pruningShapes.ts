/** Shapes of the requests of `prune`. */
import { z } from 'zod';
import {
  type PruneApplyRequest,
  type PruneProposeRequest,
  pruningScores,
  pruningTargets,
  pruningThresholds,
} from '../protocol/pruning';
import {
  behaviourShape,
  checkedRequest,
  computeShape,
  dataShape,
  modelShape,
  objectShape,
  placeShape,
} from './requestShapes';

const share = z.number().gt(0).max(1);
const subject = {
  compute: computeShape,
  model: modelShape,
  base: modelShape.optional().transform((value) => value),
  realign: dataShape.min(1),
  mask: z.strictObject({
    target: z.enum(pruningTargets),
    score: z.enum(pruningScores),
    threshold: z.enum(pruningThresholds),
    modules: z.array(z.string().min(1).max(500)).max(1000),
    maxLength: z.int().min(2).max(1_048_576),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31),
  }),
  storeFolder: placeShape,
  storeBudget: z.number().min(0),
};
const prompt = behaviourShape.omit({ expect: true }).extend({
  answer: z
    .string()
    .max(1 << 22)
    .nullable(),
});

const proposeShape = z.strictObject({
  kind: z.literal('prunePropose'),
  ...subject,
  alphas: z.array(share).min(1).max(200),
  scales: z.array(z.number().min(0).lt(1)).max(50),
  controls: z.int().min(0).max(200),
  randomDraws: z.int().min(0).max(50),
  harmful: z.array(prompt).max(20_000),
  benign: z.array(prompt).min(1).max(20_000),
  tests: z.array(behaviourShape).min(1).max(20_000),
  measuring: z.strictObject({
    template: z.enum(['chat', 'raw']),
    maxTokens: z.int().min(1).max(100_000),
    batchSize: z.int().min(1).max(4096),
    refusal: z.string().min(1).max(10_000),
    compliance: z.string().min(1).max(10_000),
  }),
  accuracyLoss: z.number().min(0).max(1),
  resamples: z.int().min(100).max(100_000),
  stage: z.enum(['plan', 'run']),
});

const hex = z.string().regex(/^[0-9a-f]{40,64}$/);
const applyShape = z.strictObject({
  kind: z.literal('pruneApply'),
  ...subject,
  alpha: share,
  heldBack: z.int().min(0).max(1_000_000_000),
  expected: hex,
  tunedHash: hex,
  out: placeShape,
  proposal: objectShape,
});

export const checkPropose = (request: unknown): PruneProposeRequest =>
  checkedRequest(proposeShape, request) as PruneProposeRequest;
export const checkApply = (request: unknown): PruneApplyRequest =>
  checkedRequest(applyShape, request) as PruneApplyRequest;
