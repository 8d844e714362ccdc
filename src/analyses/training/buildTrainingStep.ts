import { GraphBuilder } from '../../graph/builder';
import { differentiate } from '../../graph/differentiate';
import { differentiateWithRecomputation } from '../../graph/differentiateWithRecomputation';
import type { Graph, Shape, Value } from '../../graph/ir';
import { buildForward, type ForwardGraph, observe } from '../../model/buildForward';
import { buildLoss, type LossValues } from '../../model/buildLoss';
import type { ModelConfig } from '../../model/modelConfig';
import type { PassShape } from './planShapes';
import { loraAName, loraBName, type Trainable } from './trainable';

/** Feeds besides the trained tensors, which are fed under their own names. */
export const feedNames = {
  /** [batch, length] int64 */
  inputIds: 'input_ids',
  /** [trained] int64: row * length + position of the state that predicts the target. */
  places: 'places',
  /** [trained] int64 */
  targets: 'targets',
  /** [trained] float32: row weight / denominator of the whole step; 0 where the place is filling. */
  weights: 'weights',
} as const;

/** [trained] log p(target), natural logarithm, unweighted. */
export const logProbabilitiesName = 'log_probabilities';

export function gradientName(parameter: string): string {
  return `gradient of ${parameter}`;
}

/**
 * Whether values of the forward pass are held for the backward pass, or computed again from the inputs of layers: about
 * a third more time for a fraction of the memory, and the same bits.
 */
export type Activations = 'held' | 'recomputed';

/**
 * Forward pass, loss and the gradient of sum(weights * loss) with respect to every trained tensor. Trained tensors are
 * feeds, so that one session serves the whole run; all others stay mapped in their file.
 */
export function buildTrainingStep(
  config: ModelConfig,
  trainable: Trainable,
  shape: PassShape,
  activations: Activations,
): Graph {
  const builder = new GraphBuilder();
  const { trained, forward, loss } = appendTrainedLoss(builder, config, trainable, shape);
  const wrt = [...trained.values()];
  const boundaries = forward.layers.map(({ residPre }) => residPre);
  const gradients =
    activations === 'held'
      ? differentiate(builder, loss.sum, wrt)
      : differentiateWithRecomputation(builder, loss.sum, wrt, boundaries).gradients;
  return builder.finish([
    { name: logProbabilitiesName, value: loss.logProbabilities },
    ...[...trained.keys()].map((name, index) => ({ name: gradientName(name), value: gradients[index]! })),
  ]);
}

export interface TrainedLoss {
  /** The trained tensors, in the order of `trainable.shapes`. */
  readonly trained: ReadonlyMap<string, Value>;
  readonly forward: ForwardGraph;
  readonly loss: LossValues;
  /** [trained] the fed weights. */
  readonly weights: Value;
}

/** Forward pass and loss of one pass of training, everything of `feedNames` and the trained tensors being inputs. */
export function appendTrainedLoss(
  builder: GraphBuilder,
  config: ModelConfig,
  trainable: Trainable,
  shape: PassShape,
): TrainedLoss {
  const inputIds = builder.input(feedNames.inputIds, 'int64', [shape.batch, shape.length]);
  const places = builder.input(feedNames.places, 'int64', [shape.trained]);
  const targets = builder.input(feedNames.targets, 'int64', [shape.trained]);
  const weights = builder.input(feedNames.weights, 'float32', [shape.trained]);
  const trained = new Map<string, Value>(
    [...trainable.shapes].map(([name, extents]) => [name, builder.input(name, 'float32', extents)]),
  );
  const lora = new Map(
    trainable.lora.map(({ module, scaling }) => [
      module,
      { a: trained.get(loraAName(module))!, b: trained.get(loraBName(module))!, scaling },
    ]),
  );
  const forward = buildForward(builder, config, {
    inputIds,
    parameter: (name: string, extents: Shape) => trained.get(name) ?? builder.weight(name, extents),
    adapter: ({ module }) => lora.get(module),
    intervene: observe,
  });
  const loss = buildLoss(builder, forward, { places, targets, weights });
  return { trained, forward, loss, weights };
}
