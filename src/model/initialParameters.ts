import { sizeOf } from '../graph/ir';
import { createRandom } from '../linalg/random';
import { linearModules } from './linearModules';
import type { ModelConfig } from './modelConfig';
import { modelPlan } from './modelPlan';
import { norms, parameterShapes } from './parameterShapes';

/**
 * Fresh parameters for training from scratch, by name: weights and embeddings normal with deviation
 * `initializerRange`, biases zero, norms neutral. GPT-2's output projections are drawn 1 / sqrt(2 layers) as wide, as
 * its paper has it. Each parameter has its own stream of random numbers: equal seeds give equal bits, and a change of
 * one parameter's shape leaves the others alone.
 */
export function initialParameters(config: ModelConfig, seed: number): ReadonlyMap<string, Float32Array> {
  const narrow = config.family === 'gpt2' ? 1 / Math.sqrt(2 * config.layers.length) : 1;
  const outputs = new Set(modelPlan(config).layers.flatMap(({ attentionOutput, mlp }) => [attentionOutput, mlp.down]));
  const outputWeights = new Set([...outputs].map(({ weight }) => weight));
  const biases = new Set(linearModules(config).map(({ bias }) => bias));
  const normWeights = new Set(norms(modelPlan(config)).map(({ weight }) => weight));
  const normBiases = new Set(norms(modelPlan(config)).map(({ bias }) => bias));

  const parameters = new Map<string, Float32Array>();
  for (const [name, shape] of parameterShapes(config)) {
    const values = new Float32Array(sizeOf(shape));
    if (normWeights.has(name)) {
      values.fill(1 - config.norm.weightOffset);
    } else if (!biases.has(name) && !normBiases.has(name)) {
      const random = createRandom(seed, `initial ${name}`);
      const deviation = config.initializerRange * (outputWeights.has(name) ? narrow : 1);
      for (let i = 0; i < values.length; i += 1) values[i] = random.normal() * deviation;
    }
    parameters.set(name, values);
  }
  return parameters;
}
