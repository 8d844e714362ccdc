import { createStepComputer } from '../../src/analyses/training/computeStep';
import { noLengthLimits } from '../../src/analyses/training/lengthLimits';
import { passSize } from '../../src/analyses/training/passFeeds';
import { planShapes } from '../../src/analyses/training/planShapes';
import { initialState, runSteps } from '../../src/analyses/training/runSteps';
import { startTraining } from '../../src/analyses/training/startTraining';
import { parseRecipe } from '../../src/data/recipe';
import type { StageTask } from '../protocol';
import type { PreparedStage } from '../serve';
import { libraryName } from './libraryName';
import { openWeights } from './openWeights';

/** One AdamW step of the trainer itself, on the same batch each time; clipping is off, as in the peers. */
async function prepareStep(task: StageTask, method: object): Promise<PreparedStage> {
  const { checkpoint, config, weights } = await openWeights(task.modelFolder);
  const recipe = parseRecipe(
    { ...method, batchSize: task.rows.length, gradClip: 0, schedule: { name: 'constant' } },
    'the recipe of the benchmark',
  );
  const model = { checkpoint, config, weights, hash: '', reference: task.modelFolder };
  const { trainable, values } = startTraining(model, recipe, undefined);

  const rows = new Map(
    task.rows.map((ids, number) => {
      const encoded = { ids: Int32Array.from(ids), labels: Int32Array.from(ids), weight: 1, encodingHash: '' };
      return [number, { number, file: 'bench', row: number, line: undefined, hash: '', encoded }];
    }),
  );
  const shapes = planShapes([passSize([...rows.values()].map(({ encoded }) => encoded))], 1, noLengthLimits);
  const context = { config, weights, trainable, recipe, rows, shapes, rowFactor: () => 1 };
  const computer = createStepComputer({ ...context, device: 'cpu', threads: task.threads, activations: 'held' });
  const state = initialState(await values(), recipe.optimizer);
  return {
    library: libraryName,
    repeat: async () => {
      const learningRate = recipe.optimizer.lr;
      const steps = Array.from({ length: state.step + 1 }, (_, i) => ({
        step: i + 1,
        learningRate,
        rows: [...rows.keys()],
      }));
      await runSteps(context, computer, steps, state, async () => undefined);
      return { loss: state.losses.at(-1)! };
    },
    end: () => computer.release(),
  };
}

/** AdamW on a fresh adapter of q_proj and v_proj. */
export function prepareLoraStep(task: StageTask): Promise<PreparedStage> {
  const lora = { r: task.loraRank, alpha: 2 * task.loraRank, targets: ['q_proj', 'v_proj'] };
  return prepareStep(task, { method: 'lora', lora, optimizer: { name: 'adamw', lr: 1e-4, weightDecay: 0.01 } });
}

/** AdamW on every parameter. */
export function prepareFullStep(task: StageTask): Promise<PreparedStage> {
  return prepareStep(task, { method: 'full', optimizer: { name: 'adamw', lr: 1e-5, weightDecay: 0.01 } });
}
