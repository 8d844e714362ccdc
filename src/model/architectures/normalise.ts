import type { GraphBuilder } from '../../graph/builder';
import { layerNorm } from '../../graph/compose/layerNorm';
import { rmsNorm } from '../../graph/compose/rmsNorm';
import type { Value } from '../../graph/ir';
import type { ModelConfig } from '../modelConfig';
import type { NormPlan } from '../modelPlan';
import type { ParameterSource } from './linear';

/** The model's norm over the last axis of x; no plan: x itself. */
export function normalise(
  builder: GraphBuilder,
  parameter: ParameterSource,
  { norm }: ModelConfig,
  plan: NormPlan | undefined,
  x: Value,
): Value {
  if (plan === undefined) return x;
  const stored = parameter(plan.weight, [plan.size]);
  const weight = norm.weightOffset === 1 ? builder.add(stored, builder.scalar(1)) : stored;
  if (norm.kind === 'rms') return rmsNorm(builder, x, weight, norm.epsilon);
  const bias = plan.bias === undefined ? undefined : parameter(plan.bias, [plan.size]);
  return layerNorm(builder, x, weight, bias, norm.epsilon);
}
