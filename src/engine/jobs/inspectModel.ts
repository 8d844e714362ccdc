import type { StoredTensor } from '../../model/checkpoint/types';
import { linearModules } from '../../model/linearModules';
import { parameterShapes } from '../../model/parameterShapes';
import type { InspectModelRequest, InspectModelResult } from '../../protocol/requests';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { identify, openModel } from '../loadModel';
import { checkInspectModel } from '../requestShapes';

/** What a model is, from its headers: nothing is computed. */
export const inspectModel: Job<InspectModelRequest, InspectModelResult> = { check: checkInspectModel, run: describe };

async function describe(request: InspectModelRequest, context: JobContext): Promise<InspectModelResult> {
  const model = await openModel(request.model, context);
  const { config, adapter, checkpoint } = model;
  return {
    model: await identify(model, request.compute),
    architecture: config.family,
    parameters: total([...parameterShapes(config).values()]),
    trainedParameters:
      adapter === undefined
        ? null
        : total([...adapter.modules.values()].flatMap(({ a, b }) => [a.shape, b.shape])) +
          total([...adapter.replaced.values()].map(({ shape }) => shape)),
    layers: config.layers.length,
    hiddenSize: config.hiddenSize,
    heads: config.headCount,
    keyValueHeads: config.keyValueHeadCount,
    vocabularySize: config.vocabularySize,
    maxPositions: config.maximumPositions,
    linearModules: linearModules(config).length,
    storedAs: countTypes(checkpoint.tensors.values()),
    chatTemplate: model.text.template === undefined ? 'no' : 'yes',
    adapter:
      adapter === undefined
        ? null
        : {
            rank: [...new Set([...adapter.modules.values()].map(({ rank }) => rank))].sort((a, b) => a - b),
            modules: [...adapter.modules.keys()],
            base: adapter.baseModelNameOrPath ?? null,
          },
    warnings: model.warnings,
  };
}

function total(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
}

/** Number of tensors of each stored type. */
function countTypes(tensors: Iterable<StoredTensor>): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const tensor of tensors) {
    const type = tensor.kind === 'plain' ? tensor.location.dtype : tensor.type;
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}
