import { GraphBuilder } from '../../../graph/builder';
import type { Value } from '../../../graph/ir';
import { bindParameters } from '../../../model/bindParameters';
import { buildForward, observe } from '../../../model/buildForward';
import { buildModuleSides } from '../../../model/buildModuleSides';
import type { LanguageModel } from '../../../model/openLanguageModel';
import type { Columns } from '../gradients/columns';

/**
 * For each tracked module, the first one that reads the same values (itself, if none before it): queries, keys and
 * values of a layer have one input covariance between them. Read off a forward pass that is built and never run.
 */
export function sharedInputs(
  { config, adapter }: Pick<LanguageModel, 'config' | 'adapter'>,
  { kind, list }: Columns,
): ReadonlyMap<string, string> {
  const builder = new GraphBuilder();
  const inputIds = builder.input('input_ids', 'int64', [1, 8]);
  const forward = buildForward(builder, config, { inputIds, ...bindParameters(builder, adapter), intervene: observe });
  const anyLoss = builder.reduceSum(forward.finalNorm, [0, 1], 'drop');
  const tracked = new Set(list.map(({ name }) => name));
  const first = new Map<Value, string>();
  const shared = new Map<string, string>();
  for (const { module, input } of buildModuleSides(builder, forward, anyLoss, kind)) {
    if (!tracked.has(module.name)) continue;
    if (!first.has(input)) first.set(input, module.name);
    shared.set(module.name, first.get(input)!);
  }
  return shared;
}
