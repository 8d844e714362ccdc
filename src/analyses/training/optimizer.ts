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
 * Elements of one call of an inner loop: enough to hide the call, few enough that the loop is soon compiled as a function
 * of its own. One loop over a large tensor is compiled on the fly and thrown away at its end, again and again (measured:
 * ten times slower).
 */
const blockLength = 1 << 16;

/** Calls `block` for [begin, end) ranges that cover the length. */
function inBlocks(length: number, block: (begin: number, end: number) => void): void {
  for (let begin = 0; begin < length; begin += blockLength) block(begin, Math.min(begin + blockLength, length));
}

/**
 * m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
 * p = p (1 - lr decay) - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t) + epsRoot) + eps)
 */
function adamW({ betas: [beta1, beta2], eps, epsRoot, weightDecay }: OptimizerSettings): Optimizer {
  return {
    stateNames: ['exp_avg', 'exp_avg_sq'],
    update({ step, learningRate, gradientScale, parameter, gradient, state }) {
      const shrink = 1 - learningRate * weightDecay;
      const stepSize = learningRate / (1 - beta1 ** step);
      const correction2 = 1 / (1 - beta2 ** step);
      const [first, second] = state as readonly [Float32Array, Float32Array];
      inBlocks(parameter.length, (begin, end) =>
        adamWBlock(
          begin,
          end,
          parameter,
          gradient,
          first,
          second,
          gradientScale,
          beta1,
          beta2,
          shrink,
          stepSize,
          correction2,
          epsRoot,
          eps,
        ),
      );
    },
  };
}

function adamWBlock(
  begin: number,
  end: number,
  parameter: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  gradientScale: number,
  beta1: number,
  beta2: number,
  shrink: number,
  stepSize: number,
  correction2: number,
  epsRoot: number,
  eps: number,
): void {
  const keep1 = 1 - beta1;
  const keep2 = 1 - beta2;
  for (let i = begin; i < end; i++) {
    const g = gradient[i]! * gradientScale;
    const m = beta1 * first[i]! + keep1 * g;
    const v = beta2 * second[i]! + keep2 * g * g;
    first[i] = m;
    second[i] = v;
    parameter[i] = parameter[i]! * shrink - (stepSize * m) / (Math.sqrt(v * correction2 + epsRoot) + eps);
  }
}

/** g = g + decay p;  b = momentum b + g;  p = p - lr b. The first buffer is the gradient itself, as in PyTorch. */
function sgd({ momentum, weightDecay }: OptimizerSettings): Optimizer {
  return {
    stateNames: momentum === 0 ? [] : ['momentum_buffer'],
    update({ learningRate, gradientScale, parameter, gradient, state }) {
      const buffer = state[0];
      inBlocks(parameter.length, (begin, end) => {
        if (buffer === undefined) sgdBlock(begin, end, parameter, gradient, gradientScale, weightDecay, learningRate);
        else momentumBlock(begin, end, parameter, gradient, buffer, gradientScale, weightDecay, momentum, learningRate);
      });
    },
  };
}

function sgdBlock(
  begin: number,
  end: number,
  parameter: Float32Array,
  gradient: Float32Array,
  gradientScale: number,
  weightDecay: number,
  learningRate: number,
): void {
  for (let i = begin; i < end; i++) {
    const p = parameter[i]!;
    parameter[i] = p - learningRate * (gradient[i]! * gradientScale + weightDecay * p);
  }
}

function momentumBlock(
  begin: number,
  end: number,
  parameter: Float32Array,
  gradient: Float32Array,
  buffer: Float32Array,
  gradientScale: number,
  weightDecay: number,
  momentum: number,
  learningRate: number,
): void {
  for (let i = begin; i < end; i++) {
    const p = parameter[i]!;
    const b = momentum * buffer[i]! + (gradient[i]! * gradientScale + weightDecay * p);
    buffer[i] = b;
    parameter[i] = p - learningRate * b;
  }
}

const makers: { readonly [N in OptimizerSettings['name']]: (settings: OptimizerSettings) => Optimizer } = {
  adamw: adamW,
  sgd,
};

export function createOptimizer(settings: OptimizerSettings): Optimizer {
  return makers[settings.name](settings);
}
