import type { Shape } from '../graph/ir';
import { linearModules } from './linearModules';
import type { ModelConfig } from './modelConfig';
import { type ModelPlan, modelPlan, type NormPlan } from './modelPlan';

/**
 * Every parameter a checkpoint must hold, under its Hugging Face name, with its stored shape. A tied head is not listed:
 * a file may hold a copy of it, which opening a checkpoint checks and drops.
 */
export function parameterShapes(config: ModelConfig): ReadonlyMap<string, Shape> {
  const plan = modelPlan(config);
  const shapes = new Map<string, Shape>([[plan.embedding, [config.vocabularySize, config.hiddenSize]]]);
  if (plan.positionEmbedding !== undefined) {
    shapes.set(plan.positionEmbedding, [config.maximumPositions, config.hiddenSize]);
  }
  for (const { weight, bias, layout, inputSize, outputSize } of linearModules(config)) {
    shapes.set(weight, layout === 'outIn' ? [outputSize, inputSize] : [inputSize, outputSize]);
    if (bias !== undefined) shapes.set(bias, [outputSize]);
  }
  for (const { weight, bias, size } of norms(plan)) {
    shapes.set(weight, [size]);
    if (bias !== undefined) shapes.set(bias, [size]);
  }
  return shapes;
}

/** Every norm of a model. */
export function norms({ layers, finalNorm }: ModelPlan): readonly NormPlan[] {
  const found = layers.flatMap((layer) => [...Object.values(layer.norms), layer.queryNorm, layer.keyNorm]);
  return [...found.filter((norm) => norm !== undefined), finalNorm];
}
