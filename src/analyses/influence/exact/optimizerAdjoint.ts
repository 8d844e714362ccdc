/**
 * The optimisers of training/optimizer.ts walked through backwards: from the derivative of a measurement with respect
 * to what a step left (values and state) to that with respect to what it found and to the gradient it was given.
 * Arithmetic is float64; the recorded quantities are the float32 ones of the run.
 */
import type { OptimizerSettings } from '../../../data/recipe';

export interface TensorAdjointUpdate {
  /** 1-based number of the update. */
  readonly step: number;
  readonly learningRate: number;
  /** Factor that clipping put on the gradient. */
  readonly gradientScale: number;
  /** Unclipped. */
  readonly gradient: Float32Array;
  /** The optimiser's state after the update, an array a name of its `stateNames`. */
  readonly stateAfter: readonly Float32Array[];
  /** d measurement / d value: after the update on entry; before it on return, but for the way through the gradient. */
  readonly value: Float64Array;
  /** d measurement / d state, likewise. */
  readonly state: readonly Float64Array[];
  /** On return: d measurement / d clipped gradient. */
  readonly clippedGradient: Float64Array;
}

export interface OptimizerAdjoint {
  /** @returns elements at which the guarded rule was used: the derivative of sqrt at 0 was taken as 0 */
  walkBack(update: TensorAdjointUpdate): number;
}

/** sqrt has no derivative at 0: where no gradient has come yet and epsRoot is 0, it is taken as 0. */
function adamW({ betas: [beta1, beta2], eps, epsRoot, weightDecay }: OptimizerSettings): OptimizerAdjoint {
  return {
    walkBack({ step, learningRate, gradientScale, gradient, stateAfter, value, state, clippedGradient }) {
      const [firstAfter, secondAfter] = stateAfter as readonly [Float32Array, Float32Array];
      const [firstAdjoint, secondAdjoint] = state as readonly [Float64Array, Float64Array];
      const stepSize = learningRate / (1 - beta1 ** step);
      const correction2 = 1 / (1 - beta2 ** step);
      const kept = 1 - learningRate * weightDecay;
      let guarded = 0;
      for (let i = 0; i < value.length; i++) {
        const v = value[i]!;
        const root = Math.sqrt(secondAfter[i]! * correction2 + epsRoot);
        const denominator = root + eps;
        const pull = (stepSize * v) / denominator;
        const first = firstAdjoint[i]! - pull;
        let second = secondAdjoint[i]!;
        if (root > 0) second += (pull * firstAfter[i]! * correction2) / (2 * denominator * root);
        else guarded += 1;
        clippedGradient[i] = (1 - beta1) * first + 2 * (1 - beta2) * gradient[i]! * gradientScale * second;
        firstAdjoint[i] = beta1 * first;
        secondAdjoint[i] = beta2 * second;
        value[i] = kept * v;
      }
      return guarded;
    },
  };
}

function sgd({ momentum, weightDecay }: OptimizerSettings): OptimizerAdjoint {
  return {
    walkBack({ learningRate, value, state, clippedGradient }) {
      const buffer = state[0];
      for (let i = 0; i < value.length; i++) {
        const direction = (buffer === undefined ? 0 : buffer[i]!) - learningRate * value[i]!;
        clippedGradient[i] = direction;
        if (buffer !== undefined) buffer[i] = momentum * direction;
        value[i]! += weightDecay * direction;
      }
      return 0;
    },
  };
}

const makers: { readonly [N in OptimizerSettings['name']]: (settings: OptimizerSettings) => OptimizerAdjoint } = {
  adamw: adamW,
  sgd,
};

export function createOptimizerAdjoint(settings: OptimizerSettings): OptimizerAdjoint {
  return makers[settings.name](settings);
}
