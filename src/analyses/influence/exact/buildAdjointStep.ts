import { GraphBuilder } from '../../../graph/builder';
import { differentiate } from '../../../graph/differentiate';
import { differentiateInSegments } from '../../../graph/differentiateInSegments';
import type { Graph } from '../../../graph/ir';
import { jacobianVectorProduct } from '../../../graph/jacobianVectorProduct';
import type { ModelConfig } from '../../../model/modelConfig';
import { type Activations, appendTrainedLoss } from '../../training/buildTrainingStep';
import type { PassShape } from '../../training/planShapes';
import type { Trainable } from '../../training/trainable';

/** [trained] float32: how each target's log probability changes along the direction, unweighted. */
export const tangentsName = 'tangents';

/** The feed of a direction: of the trained tensor's shape. */
export function directionName(parameter: string): string {
  return `direction of ${parameter}`;
}

/** The Hessian of sum(weights * loss) times the direction: this tensor's part. */
export function productName(parameter: string): string {
  return `product of ${parameter}`;
}

/**
 * One pass of training seen from behind. With u the direction, fed a trained tensor each: the directional derivatives
 * of the token losses along u (a forward pass of tangents), and the gradient of their weighted sum, which is the
 * Hessian of the pass's loss times u. Feeds besides are those of the training step.
 */
export function buildAdjointStep(
  config: ModelConfig,
  trainable: Trainable,
  shape: PassShape,
  activations: Activations,
): Graph {
  const builder = new GraphBuilder();
  const { trained, forward, loss, weights } = appendTrainedLoss(builder, config, trainable, shape);
  const directions = [...trainable.shapes].map(([name, extents]) =>
    builder.input(directionName(name), 'float32', extents),
  );
  const wrt = [...trained.values()];
  const layerInputs = forward.layers.map(({ residPre }) => residPre);
  const [tangents, ...layerTangents] = jacobianVectorProduct(
    builder,
    [loss.logProbabilities, ...layerInputs],
    wrt,
    directions,
  );
  const change = builder.unary('Neg', builder.reduceSum(builder.mul(weights, tangents!), [0], 'drop'));
  const { gradients: products, arrange } =
    activations === 'held'
      ? { gradients: differentiate(builder, change, wrt), arrange: (graph: Graph) => graph }
      : differentiateInSegments(
          builder,
          change,
          wrt,
          layerInputs.map((value, layer) => [value, layerTangents[layer]!]),
        );
  const graph = builder.finish([
    { name: tangentsName, value: tangents! },
    ...[...trained.keys()].map((name, index) => ({ name: productName(name), value: products[index]! })),
  ]);
  return arrange(graph);
}
