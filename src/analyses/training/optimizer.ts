/**
 * Optimisers as loops over typed arrays, float32 state, arithmetic in float64 rounded once per stored value. The
 * definitions are PyTorch's (torch.optim.AdamW, torch.optim.SGD); nothing is allocated while stepping.
 */
import type { OptimizerSettings } from '../../data/recipe';

/** One tensor's update. All arrays have the parameter's length; `parameter` and `state` change in place. */
export interface TensorUpdate {
  /** 1-based number of this update. */
  readonly step: number;
  readonly learningRate: number;
  /** Factor on the gradient: clipping. */
  readonly gradientScale: number;
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  /** One array a name of `stateNames`, zero before the first step. */
  readonly state: readonly Float32Array[];
}

export interface Optimizer {
  /** PyTorch's names of the per-parameter state. */
  readonly stateNames: readonly string[];
  update(tensor: TensorUpdate): void;
}

/**
 * m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
 * p = p (1 - lr decay) - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t) + epsRoot) + eps)
 */
function adamW({ betas: [beta1, beta2], eps, epsRoot, weightDecay }: OptimizerSettings): Optimizer {
  const keep1 = 1 - beta1;
  const keep2 = 1 - beta2;
  return {
    stateNames: ['exp_avg', 'exp_avg_sq'],
    update({ step, learningRate, gradientScale, parameter, gradient, state }) {
      const first = state[0]!;
      const second = state[1]!;
      const shrink = 1 - learningRate * weightDecay;
      const stepSize = learningRate / (1 - beta1 ** step);
      const correction2 = 1 / (1 - beta2 ** step);
      for (let i = 0; i < parameter.length; i++) {
        const g = gradient[i]! * gradientScale;
        const m = beta1 * first[i]! + keep1 * g;
        const v = beta2 * second[i]! + keep2 * g * g;
        first[i] = m;
        second[i] = v;
        parameter[i] = parameter[i]! * shrink - (stepSize * m) / (Math.sqrt(v * correction2 + epsRoot) + eps);
      }
    },
  };
}

/** g = g + decay p;  b = momentum b + g;  p = p - lr b. The first buffer is the gradient itself, as in PyTorch. */
function sgd({ momentum, weightDecay }: OptimizerSettings): Optimizer {
  return {
    stateNames: momentum === 0 ? [] : ['momentum_buffer'],
    update({ learningRate, gradientScale, parameter, gradient, state }) {
      const buffer = state[0];
      for (let i = 0; i < parameter.length; i++) {
        let direction = gradient[i]! * gradientScale + weightDecay * parameter[i]!;
        if (buffer !== undefined) {
          direction = momentum * buffer[i]! + direction;
          buffer[i] = direction;
        }
        parameter[i] = parameter[i]! - learningRate * direction;
      }
    },
  };
}

const makers: { readonly [N in OptimizerSettings['name']]: (settings: OptimizerSettings) => Optimizer } = {
  adamw: adamW,
  sgd,
};

export function createOptimizer(settings: OptimizerSettings): Optimizer {
  return makers[settings.name](settings);
}
