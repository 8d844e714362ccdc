import { generationMemory, generationShape } from '../../analyses/asking/generationGraphs';
import { scoringMemory } from '../../analyses/scoring/scoreRows';
import { totalMemory, trainingMemoryParts } from '../../analyses/training/estimateTrainingMemory';
import { initialLora } from '../../analyses/training/initialLora';
import { trainableLora } from '../../analyses/training/trainable';
import { trainableModel } from '../../analyses/training/trainingModel';
import { recipeDefaults } from '../../data/recipe';
import { linearModules } from '../../model/linearModules';
import type { LanguageModel } from '../../model/openLanguageModel';
import { parameterShapes } from '../../model/parameterShapes';
import type { ModelNeedsRequest, ModelNeedsResult, TaskNeeds } from '../../protocol/requests';
import { engineBaselineBytes } from '../checkMemory';
import { javaScriptMemory } from '../javaScriptMemory';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { openModel } from '../loadModel';
import { checkModelNeeds } from '../requestShapes';

/** What the usual jobs would take with a model: planned, not run. */
export const modelNeeds: Job<ModelNeedsRequest, ModelNeedsResult> = { check: checkModelNeeds, run: planNeeds };

/** Products a token takes: forward 2, backward to inputs 2 more, weight gradients another 2, for each weight. */
const operationsPerWeight = { forward: 2, withBackward: 4, withWeightGradients: 6 } as const;

async function planNeeds(
  { model: source, batchSize, length }: ModelNeedsRequest,
  context: JobContext,
): Promise<ModelNeedsResult> {
  const model = await openModel(source, context);
  const { config } = model;
  const shape = { batch: batchSize, length, trained: batchSize * length };
  const held = engineBaselineBytes + javaScriptMemory();
  const weights = linearModules(config).reduce((sum, { inputSize, outputSize }) => sum + inputSize * outputSize, 0);
  const optimizer = { optimizer: { ...recipeDefaults.optimizer, lr: 1e-3 }, gradientAccumulation: 1 };
  const lora = trainableLora(initialLora(config, { ...recipeDefaults.lora, init: 'peft' }, 0), new Map()).trainable;
  const task = (name: string, bytes: number, perWeight: number, tokens: number): TaskNeeds => ({
    name,
    bytes: held + bytes,
    operations: perWeight * weights * tokens,
  });
  const tokens = batchSize * length;
  const { forward, withBackward, withWeightGradients } = operationsPerWeight;
  return {
    label: model.label,
    architecture: config.family,
    parameters: parameterCount(model),
    weightBytes: 4 * parameterCount(model),
    batchSize,
    length,
    tasks: [
      task('ask, one token', generationMemory(model, generationShape(model, 1, length, length)), forward, 1),
      task('score, one batch', scoringMemory(model, { passes: [], shapes: [shape] }), forward, tokens),
      task(
        'LoRA step',
        totalMemory(trainingMemoryParts(config, lora, optimizer, [shape], 'held')),
        withBackward,
        tokens,
      ),
      task(
        'full step',
        totalMemory(trainingMemoryParts(config, trainableModel(config), optimizer, [shape], 'held')),
        withWeightGradients,
        tokens,
      ),
    ],
  };
}

function parameterCount({ config }: LanguageModel): number {
  return [...parameterShapes(config).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
