/** Shapes of the requests of influence jobs. */
import { z } from 'zod';
import { type IndexRequest, type TraceRequest, traceMethods, trackedChoices } from '../protocol/influence';
import { checkedRequest, computeShape, dataShape, modelShape, objectShape, placeShape } from './requestShapes';

const index = z.strictObject({
  modules: z.enum(trackedChoices),
  vectors: z.enum(['whole', 'projected', 'auto']),
  dimensions: z.int().min(16).max(65_536),
  element: z.enum(['float16', 'float32']),
  maxLength: z.int().min(2).max(1_048_576).nullable(),
  batchSize: z.int().min(1).max(4096).nullable(),
  seed: z.int().min(0),
});

const optionalModel = modelShape.optional().transform((value) => value);
const optionalPlace = placeShape.optional().transform((value) => value);

/** The fields of every influence request. */
export const subjectFields = {
  compute: computeShape,
  model: modelShape,
  base: optionalModel,
  run: optionalPlace,
  data: dataShape.min(1),
  storeFolder: placeShape,
  storeBudget: z.number().min(0),
  index,
};

const indexShape = z.strictObject({
  kind: z.literal('index'),
  ...subjectFields,
  shard: z.strictObject({ part: z.int().min(0), of: z.int().min(1).max(100_000) }),
  action: z.enum(['compute', 'merge']),
});

/** Where queries come from. */
export const querySourceShape = z.union([
  z.strictObject({ kind: z.literal('file'), file: dataShape.element, ids: z.array(z.string()).max(100_000) }),
  z.strictObject({ kind: z.literal('inline'), queries: z.array(objectShape).min(1).max(10_000) }),
  z.strictObject({
    kind: z.literal('answer'),
    prompts: z.array(objectShape).min(1).max(10_000),
    maxTokens: z.int().min(1).max(100_000),
  }),
]);

const traceShape = z.strictObject({
  kind: z.literal('trace'),
  ...subjectFields,
  queries: querySourceShape,
  methods: z.array(z.enum(traceMethods)).min(1).max(traceMethods.length),
  rows: z.union([z.literal('all'), z.int().min(1).max(1_000_000)]),
  damping: z.number().gt(0).max(1e6),
  layer: z.int().min(0).nullable(),
  tokenRows: z.union([z.int().min(0).max(10_000), z.literal('affordable')]),
  controls: z.int().min(0).max(1000),
  rank: z.enum(['whenBaseDoesNot', 'always']),
});

export const checkIndex = (request: unknown): IndexRequest => checkedRequest(indexShape, request) as IndexRequest;
export const checkTrace = (request: unknown): TraceRequest => checkedRequest(traceShape, request) as TraceRequest;
