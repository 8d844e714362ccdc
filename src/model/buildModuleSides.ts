import type { GraphBuilder } from '../graph/builder';
import { differentiate } from '../graph/differentiate';
import type { Value } from '../graph/ir';
import type { LinearValues } from './architectures/linear';
import type { ForwardGraph } from './buildForward';
import type { LinearModule } from './modelPlan';

/**
 * A matrix whose gradient is tracked: the weight of a linear layer, or one factor of its adapter. Its gradient for row b
 * is D_b = sum over the row's positions t of delta_t a_t^T, [out, in].
 */
export interface TrackedModule {
  /** `model.layers.0.self_attn.q_proj`, with `.lora_A` or `.lora_B` for a factor. */
  readonly name: string;
  /** Width of a_t. */
  readonly inputSize: number;
  /** Width of delta_t. */
  readonly outputSize: number;
}

/** Both sides of a tracked module in a graph. N = B T. */
export interface ModuleSides {
  readonly module: TrackedModule;
  /** a: [N, in]. The same value for modules that read the same. */
  readonly input: Value;
  /** delta: [N, out], the gradient of the loss with respect to what the module made; 0 at padded positions. */
  readonly pseudoGradient: Value;
}

/** Which matrices are tracked: the factors of the adapter, or the weights of linear layers (never the head). */
export type TrackedKind = 'adapter' | 'linear';

/** Names and sizes of the tracked modules of one linear layer with the rank of its adapter. */
export const trackedModulesOf: {
  readonly [K in TrackedKind]: (module: LinearModule, rank: number | undefined) => readonly TrackedModule[];
} = {
  linear: ({ module, inputSize, outputSize }) => [{ name: module, inputSize, outputSize }],
  adapter: ({ module, inputSize, outputSize }, rank) =>
    rank === undefined
      ? []
      : [
          { name: `${module}.lora_A`, inputSize, outputSize: rank },
          { name: `${module}.lora_B`, inputSize: rank, outputSize },
        ],
};

/**
 * Inputs and pseudo-gradients of all tracked modules. For an adapter y += s (x A^T) B^T and G the gradient at y:
 * A has a = x, delta = s G B; B has a = s x A^T, delta = G.
 *
 * @param loss scalar, the sum of the rows' losses
 */
export function buildModuleSides(
  builder: GraphBuilder,
  forward: ForwardGraph,
  loss: Value,
  kind: TrackedKind,
): readonly ModuleSides[] {
  const linears = forward.linears.filter(({ lora }) => kind === 'linear' || lora !== undefined);
  const pseudoGradients = differentiate(
    builder,
    loss,
    linears.map(({ output }) => output),
  );
  return linears.flatMap((values, i) => sidesOf[kind](builder, values, pseudoGradients[i]!));
}

type SidesMaker = (builder: GraphBuilder, values: LinearValues, pseudoGradient: Value) => ModuleSides[];

const sidesOf: { readonly [K in TrackedKind]: SidesMaker } = {
  linear: (_, { module, input }, pseudoGradient) => {
    const [tracked] = trackedModulesOf.linear(module, undefined);
    return [{ module: tracked!, input, pseudoGradient }];
  },
  adapter: (builder, { module, input, lora }, pseudoGradient) => {
    if (lora === undefined) return [];
    const { a, b, inner, scaling } = lora;
    const [first, second] = trackedModulesOf.adapter(module, a.shape[0]!);
    const narrow = builder.scale(builder.gemm(pseudoGradient, b, { transA: 'no', transB: 'no' }), scaling);
    return [
      { module: first!, input, pseudoGradient: narrow },
      { module: second!, input: builder.scale(inner, scaling), pseudoGradient },
    ];
  },
};

/** sum_t left_t right_t^T of each row: [N, p], [N, q] => [B, p, q]. */
export function rowProducts(builder: GraphBuilder, batch: number, left: Value, right: Value): Value {
  const byRow = (x: Value): Value => builder.reshape(x, [batch, x.shape[0]! / batch, x.shape[1]!]);
  return builder.matMul(builder.transpose(byRow(left), [0, 2, 1]), byRow(right));
}
