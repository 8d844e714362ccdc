/**
 * Optimisers as loops over typed arrays with float32 state. The definitions are PyTorch's (torch.optim.AdamW,
 * torch.optim.SGD); nothing of a tensor's size is allocated while stepping.
 */
import type { OptimizerSettings } from '../../data/recipe';
import {
  add,
  array,
  compileSimd,
  div,
  type Expression as E,
  local,
  mul,
  type SimdKernel,
  scalar,
  sqrt,
  sub,
} from '../../linalg/simdKernel';

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
 * p = p - (lr decay p + lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t) + epsRoot) + eps))
 */
function adamW({ betas: [beta1, beta2], eps, epsRoot, weightDecay }: OptimizerSettings): Optimizer {
  return {
    stateNames: ['exp_avg', 'exp_avg_sq'],
    update({ step, learningRate, gradientScale, parameter, gradient, state }) {
      adamWKernel(
        [parameter, gradient, ...state],
        [
          gradientScale,
          beta1,
          1 - beta1,
          beta2,
          1 - beta2,
          learningRate * weightDecay,
          learningRate / (1 - beta1 ** step),
          1 / (1 - beta2 ** step),
          epsRoot,
          eps,
        ],
      );
    },
  };
}

const adamWKernel = compileAdamW();

function compileAdamW(): SimdKernel {
  const [p, g, m, v] = [array(0), array(1), array(2), array(3)];
  const [scale, beta1, keep1, beta2, keep2, decay, stepSize, correction2, epsRoot, eps] = [...Array(10).keys()].map(
    scalar,
  ) as [E, E, E, E, E, E, E, E, E, E];
  const [scaled, first, second] = [local(0), local(1), local(2)];
  const denominator = add(sqrt(add(mul(second, correction2), epsRoot)), eps);
  const change = add(mul(p, decay), div(mul(stepSize, first), denominator));
  return compileSimd({
    arrays: 4,
    scalars: 10,
    locals: [
      mul(g, scale),
      add(mul(beta1, m), mul(keep1, scaled)),
      add(mul(beta2, v), mul(mul(keep2, scaled), scaled)),
    ],
    results: [
      { array: 0, value: sub(p, change) },
      { array: 2, value: first },
      { array: 3, value: second },
    ],
  });
}

/** g = g + decay p;  b = momentum b + g;  p = p - lr b. The first buffer is the gradient itself, as in PyTorch. */
function sgd({ momentum, weightDecay }: OptimizerSettings): Optimizer {
  const kernel = momentum === 0 ? sgdKernel : momentumKernel;
  return {
    stateNames: momentum === 0 ? [] : ['momentum_buffer'],
    update({ learningRate, gradientScale, parameter, gradient, state }) {
      kernel([parameter, gradient, ...state], [gradientScale, weightDecay, learningRate, momentum]);
    },
  };
}

const [sgdKernel, momentumKernel] = compileSgd();

function compileSgd(): readonly [SimdKernel, SimdKernel] {
  const [p, g, buffer] = [array(0), array(1), array(2)];
  const [scale, decay, learningRate, momentum] = [scalar(0), scalar(1), scalar(2), scalar(3)];
  const direction = add(mul(g, scale), mul(decay, p));
  const stepped = { array: 0, value: sub(p, mul(learningRate, local(0))) };
  return [
    compileSimd({ arrays: 2, scalars: 4, locals: [direction], results: [stepped] }),
    compileSimd({
      arrays: 3,
      scalars: 4,
      locals: [add(mul(momentum, buffer), direction)],
      results: [stepped, { array: 2, value: local(0) }],
    }),
  ];
}

const makers: { readonly [N in OptimizerSettings['name']]: (settings: OptimizerSettings) => Optimizer } = {
  adamw: adamW,
  sgd,
};

export function createOptimizer(settings: OptimizerSettings): Optimizer {
  return makers[settings.name](settings);
}
