import type { HostTensor, LoraAdapter } from '../../../model/checkpoint/types';
import type { LanguageModel } from '../../../model/openLanguageModel';
import { internalError } from '../../../protocol/errors';
import { loraAName, loraBName, type ParameterValues, type Trainable } from '../../training/trainable';

/** A fine-tuned model as passes use it. */
type PassModel = Pick<LanguageModel, 'key' | 'label' | 'config' | 'adapter'>;

/**
 * The model with other trained values: those of its adapter, or of all parameters, which are then fed in place of the
 * model's own.
 */
export function modelAt(model: PassModel, trainable: Trainable, values: ParameterValues): PassModel {
  const tensor = (name: string): HostTensor => {
    const data = values.get(name);
    const shape = trainable.shapes.get(name);
    if (data === undefined || shape === undefined) throw internalError(`a checkpoint lacks ${name}`);
    return { shape, data };
  };
  if (trainable.method === 'lora') {
    const { adapter } = model;
    if (adapter === undefined) throw internalError(`${model.label} has no adapter`);
    const modules = new Map(
      [...adapter.modules].map(([name, module]) => [
        name,
        { ...module, a: tensor(loraAName(module.module)), b: tensor(loraBName(module.module)) },
      ]),
    );
    const replaced = new Map([...adapter.replaced].map(([name, own]) => [name, values.has(name) ? tensor(name) : own]));
    return { ...model, adapter: { ...adapter, modules, replaced } };
  }
  const fed: LoraAdapter = {
    folder: '',
    config: {},
    baseModelNameOrPath: undefined,
    modules: new Map(),
    replaced: new Map([...trainable.shapes.keys()].map((name) => [name, tensor(name)])),
    carried: new Set(),
    tiedHead: 'asInBase',
    savedNames: new Map(),
  };
  return { ...model, key: `${model.key} parameters fed`, adapter: fed };
}
