/** Holds requests, which are any plain data within the bounds of a message, to their types. */
import { z } from 'zod';
import type { TestRequest } from '../protocol/behaviour';
import { inputError } from '../protocol/errors';
import type { JsonObject } from '../protocol/json';
import {
  type AskRequest,
  deviceNames,
  type InspectDataRequest,
  type InspectModelRequest,
  type ModelNeedsRequest,
  type ScoreRequest,
  type TrainRequest,
} from '../protocol/requests';

const text = z.string().max(1 << 22);
const place = z.string().min(1).max(4096);
const compute = z.strictObject({
  device: z.enum(['auto', ...deviceNames]),
  threads: z.int().min(1).max(1024).optional().transform(orUndefined),
  cacheFolder: place,
});
const model = z.strictObject({
  label: place,
  path: place.optional().transform(orUndefined),
  adapter: place.optional().transform(orUndefined),
});
const data = z
  .array(
    z.strictObject({
      label: place,
      path: place,
      schema: z
        .strictObject({ name: place, fields: z.record(z.string().max(200), z.string().max(200)) })
        .optional()
        .transform(orUndefined),
    }),
  )
  .max(1000);
const plainObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

export {
  behaviour as behaviourShape,
  check as checkedRequest,
  compute as computeShape,
  data as dataShape,
  model as modelShape,
  place as placeShape,
  plainObject as objectShape,
};

/** Makes an absent key a present one of value undefined: requests say everything. */
function orUndefined<T>(value: T | undefined): T | undefined {
  return value;
}

const prompt = z.union([
  z.strictObject({ kind: z.literal('text'), text }),
  z.strictObject({ kind: z.literal('messages'), messages: z.array(plainObject).min(1).max(10_000) }),
]);
const sampling = z.union([
  z.strictObject({ kind: z.literal('greedy') }),
  z.strictObject({
    kind: z.literal('sampled'),
    temperature: z.number().min(0).max(100),
    topP: z.number().gt(0).max(1),
    seed: z.int().min(0),
  }),
]);

const askShape = z.strictObject({
  kind: z.literal('ask'),
  compute,
  models: z.array(model).min(1).max(16),
  prompts: z.array(prompt).min(1).max(100_000),
  template: z.enum(['chat', 'raw']),
  sampling,
  maxTokens: z.int().min(1).max(1_000_000),
});

const shortText = z.string().max(1 << 16);
const conditions = z.array(text).max(1000);
const expectation = z.strictObject({
  equals: text.optional().transform(orUndefined),
  contains: conditions,
  notContains: conditions,
  matches: z.string().max(1000).optional().transform(orUndefined),
  refuses: z.boolean().optional().transform(orUndefined),
  prefers: z.strictObject({ chosen: text, rejected: text }).optional().transform(orUndefined),
});
const turn = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: text,
  extra: plainObject,
});
const behaviour = z.strictObject({
  id: shortText,
  address: z.strictObject({
    file: place,
    row: z.int().min(0),
    line: z.int().min(1).optional().transform(orUndefined),
  }),
  prompt: z.union([text, z.array(turn).min(1).max(10_000)]),
  expect: expectation,
  tags: z.array(shortText).max(1000),
});

const testShape = z.strictObject({
  kind: z.literal('test'),
  compute,
  models: z.array(model).min(1).max(16),
  tests: z.array(behaviour).min(1).max(20_000),
  template: z.enum(['chat', 'raw']),
  maxTokens: z.int().min(1).max(1_000_000),
  batchSize: z.int().min(1).max(4096),
});

const scoreShape = z.strictObject({
  kind: z.literal('score'),
  compute,
  model,
  data: data.min(1),
  perToken: z.enum(['tokens', 'rows']),
  maxLength: z.int().min(2).max(1_048_576),
  batchSize: z.int().min(1).max(4096),
});

const trainShape = z.strictObject({
  kind: z.literal('train'),
  compute,
  model,
  data: data.min(1),
  recipe: plainObject,
  reference: place,
  out: place,
});

const inspectModelShape = z.strictObject({ kind: z.literal('inspectModel'), compute, model });

const inspectDataShape = z.strictObject({
  kind: z.literal('inspectData'),
  compute,
  model,
  data: data.min(1),
  maxLength: z.int().min(2).max(1_048_576),
});

const modelNeedsShape = z.strictObject({
  kind: z.literal('modelNeeds'),
  compute,
  model,
  batchSize: z.int().min(1).max(4096),
  length: z.int().min(2).max(1_048_576),
});

export const checkModelNeeds = (request: unknown): ModelNeedsRequest => check(modelNeedsShape, request);
export const checkAsk = (request: unknown): AskRequest => check(askShape, request);
export const checkTest = (request: unknown): TestRequest => check(testShape, request);
export const checkScore = (request: unknown): ScoreRequest => check(scoreShape, request);
export const checkTrain = (request: unknown): TrainRequest => check(trainShape, request);
export const checkInspectModel = (request: unknown): InspectModelRequest => check(inspectModelShape, request);
export const checkInspectData = (request: unknown): InspectDataRequest => check(inspectDataShape, request);

function check<T>(shape: z.ZodType<T>, request: unknown): T {
  const parsed = shape.safeParse(request);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw inputError(
    'bad-request',
    `The request is wrong at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'it has another shape'}.`,
    'Correct the setting it names.',
  );
}
