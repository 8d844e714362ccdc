import { buildForward, noAdapter, observe } from '../../src/model/buildForward';
import { buildLoss } from '../../src/model/buildLoss';
import type { StageTask } from '../protocol';
import type { PreparedStage } from '../serve';
import { openModel } from './openModel';
import { runForLoss } from './runForLoss';

/** The loss of the batch. */
export async function prepareForward(task: StageTask): Promise<PreparedStage> {
  const model = await openModel(task);
  const { builder, config, inputIds, parameter } = model;
  const forward = buildForward(builder, config, { inputIds, parameter, adapter: noAdapter, intervene: observe });
  const { mean } = buildLoss(builder, forward, model.loss);
  return runForLoss(model, [{ name: 'loss', value: mean }], 'mapped', {});
}
