/** Shapes of the requests of `verify` and `evaluate`. */
import { z } from 'zod';
import { dropProtocols } from '../analyses/evaluating/planDrops';
import { traceMethods } from '../protocol/influence';
import { type EvaluateRequest, evaluations, type VerifyRequest } from '../protocol/verification';
import { querySourceShape, subjectFields } from './influenceShapes';
import { behaviourShape, checkedRequest } from './requestShapes';

const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

const retrainingFields = {
  ...subjectFields,
  queries: querySourceShape,
  damping: z.number().gt(0).max(1e6),
  layer: z.int().min(0).nullable(),
  seed,
  stage: z.enum(['plan', 'run']),
};

const rowNumber = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

const verifyShape = z.strictObject({
  kind: z.literal('verify'),
  ...retrainingFields,
  method: z.enum(traceMethods),
  removal: z.union([
    z.strictObject({ kind: z.literal('top'), count: z.int().min(1).max(1_000_000) }),
    z.strictObject({ kind: z.literal('group') }),
    z.strictObject({
      kind: z.literal('rows'),
      rows: z
        .array(z.strictObject({ file: z.string().max(4096).nullable(), row: rowNumber }))
        .min(1)
        .max(1_000_000),
    }),
  ]),
  randomRemovals: z.int().min(0).max(1000),
  reshuffleSeeds: z.array(seed).max(100),
  tests: z.array(behaviourShape).max(10_000),
  testing: z.strictObject({
    template: z.enum(['chat', 'raw']),
    maxTokens: z.int().min(1).max(1_000_000),
    batchSize: z.int().min(1).max(4096),
  }),
});

const evaluateShape = z.strictObject({
  kind: z.literal('evaluate'),
  ...retrainingFields,
  evaluation: z.enum(evaluations),
  methods: z.array(z.enum(traceMethods)).min(1).max(traceMethods.length),
  foreign: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(200),
        queries: z.array(z.string().max(10_000)).max(1_000_000),
        scores: z.array(z.array(z.number().nullable()).max(10_000_000)).max(1_000_000),
      }),
    )
    .max(100),
  budget: z.int().min(1).max(100_000),
  protocol: z.enum(dropProtocols),
  share: z.number().gt(0).lt(1),
  truth: z.array(z.strictObject({ row: rowNumber, kind: z.string().max(200) })).max(10_000_000),
  kinds: z.record(z.string().max(10_000), z.string().max(200)),
  k: z.int().min(1).max(1_000_000).nullable(),
  resamples: z.int().min(100).max(100_000),
});

export const checkVerify = (request: unknown): VerifyRequest => checkedRequest(verifyShape, request) as VerifyRequest;
export const checkEvaluate = (request: unknown): EvaluateRequest =>
  checkedRequest(evaluateShape, request) as EvaluateRequest;
