import type { ModelConfig } from './modelConfig';
import { type LayerPlan, type LinearModule, modelPlan } from './modelPlan';

/** Every linear module in the order of computation, the head last. */
export function linearModules(config: ModelConfig): readonly LinearModule[] {
  const { layers, head } = modelPlan(config);
  return [...layers.flatMap(layerModules), head];
}

function layerModules({ projection, attentionOutput, mlp }: LayerPlan): readonly LinearModule[] {
  const inputs =
    projection.kind === 'separate' ? [projection.query, projection.key, projection.value] : [projection.linear];
  const expansions = mlp.kind === 'gated' ? [mlp.gate, mlp.up] : mlp.kind === 'gatedFused' ? [mlp.gateUp] : [mlp.up];
  return [...inputs, attentionOutput, ...expansions, mlp.down];
}
