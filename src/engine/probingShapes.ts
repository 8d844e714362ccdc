/** Shape of the request of `probe`. */
import { z } from 'zod';
import { controlTypes, type ProbeRequest, probeBaselines } from '../protocol/probing';
import { subjectFields } from './influenceShapes';
import { checkedRequest, dataShape, placeShape } from './requestShapes';

const { compute, model, base, data, storeFolder, storeBudget } = subjectFields;

const label = z.strictObject({
  kind: z.literal('label'),
  label: placeShape,
  only: z.array(z.string().min(1).max(4096)).max(1000),
  fewestRows: z.int().min(1).max(1_000_000),
  folds: z.int().min(3).max(20),
  groupBy: z.array(placeShape).max(16),
  control: z.enum(controlTypes),
  baselines: z.array(z.enum(probeBaselines)).max(probeBaselines.length),
});

const concept = z.strictObject({
  kind: z.literal('concept'),
  positive: dataShape.min(1),
  negative: dataShape.min(1),
});

const probe = z.strictObject({
  kind: z.literal('probe'),
  compute,
  model,
  base,
  data,
  storeFolder,
  storeBudget,
  maxLength: z.int().min(2).max(1_048_576).nullable(),
  batchSize: z.int().min(1).max(4096).nullable(),
  seed: z.int().min(0),
  positions: z.array(z.string().min(1).max(20)).min(1).max(16),
  layers: z.array(z.int().min(-1).max(100_000)).min(1).max(10_000).nullable(),
  task: z.union([label, concept]),
});

export const checkProbe = (request: unknown): ProbeRequest => checkedRequest(probe, request) as ProbeRequest;
