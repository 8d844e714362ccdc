import type { Value } from '../../src/graph/ir';
import { createRandom } from '../../src/linalg/random';
import { buildForward, noAdapter, observe } from '../../src/model/buildForward';
import { buildLoss } from '../../src/model/buildLoss';
import { buildPerRowGradients } from '../../src/model/buildPerRowGradients';
import type { LinearModule } from '../../src/model/modelPlan';
import type { StageTask } from '../protocol';
import type { PreparedStage } from '../serve';
import { openModel } from './openModel';
import { runForLoss } from './runForLoss';

/**
 * P_out^T dW P_in of every row and every linear layer but the head. Each layer has random projections of its own; those
 * that read the same input share the one of the input.
 */
export async function prepareProjectedGradients(task: StageTask): Promise<PreparedStage> {
  const model = await openModel(task);
  const { builder, config, inputIds, parameter } = model;
  const forward = buildForward(builder, config, { inputIds, parameter, adapter: noAdapter, intervene: observe });
  const loss = buildLoss(builder, forward, model.loss);

  const projections = new Map<string, Float32Array>();
  const projectionOf = (name: string, size: number): Value => {
    const random = createRandom(0, name);
    projections.set(
      name,
      Float32Array.from({ length: size * task.projection }, () => random.normal()),
    );
    return builder.input(name, 'float32', [size, task.projection]);
  };
  const ofInput = new Map<Value, Value>();
  const inputs = new Map(forward.linears.map(({ module, input }) => [module, input]));
  const project = (module: LinearModule) => {
    const input = inputs.get(module)!;
    const known = ofInput.get(input) ?? projectionOf(`${module.module} input projection`, module.inputSize);
    ofInput.set(input, known);
    return { input: known, output: projectionOf(`${module.module} output projection`, module.outputSize) };
  };
  const gradients = buildPerRowGradients(builder, forward, loss.sum, project);
  return runForLoss(
    model,
    [
      { name: 'loss', value: loss.mean },
      ...gradients.map(({ module, gradient }) => ({ name: `gradient of ${module.module}`, value: gradient })),
    ],
    // Packed, as for any pass over many batches: what one batch would not pay back.
    'packed',
    Object.fromEntries(projections),
  );
}
