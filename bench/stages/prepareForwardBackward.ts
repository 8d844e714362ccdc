import { differentiate } from '../../src/graph/differentiate';
import { buildForward, noAdapter, observe } from '../../src/model/buildForward';
import { buildLoss } from '../../src/model/buildLoss';
import type { StageTask } from '../protocol';
import type { PreparedStage } from '../serve';
import { openModel } from './openModel';
import { runForLoss } from './runForLoss';

/** The loss of the batch and its gradient with respect to the embedded tokens. */
export async function prepareForwardBackward(task: StageTask): Promise<PreparedStage> {
  const model = await openModel(task);
  const { builder, config, inputIds, parameter } = model;
  const forward = buildForward(builder, config, { inputIds, parameter, adapter: noAdapter, intervene: observe });
  const { mean } = buildLoss(builder, forward, model.loss);
  const [gradient] = differentiate(builder, mean, [forward.embedding]);
  const outputs = [
    { name: 'loss', value: mean },
    { name: 'gradient', value: gradient! },
  ];
  return runForLoss(model, outputs, 'mapped', {});
}
