/**
 * Gradients of weights for each row of a batch, reduced inside the graph.
 *
 * Symbols, for one linear module y = x W and a loss that is a sum over rows: X [B, T, in] what the module read,
 * G [B, T, out] the loss's gradient with respect to y (the pseudo-gradient). The rows of a batch do not see each other,
 * so the gradient of row b's loss is dW_b = G_b^T X_b, [out, in]; it is zero at padded positions by itself. With
 * projections P_in [in, k] and P_out [out, l], P_out^T dW_b P_in = (G_b P_out)^T (X_b P_in): [l, k] numbers a row, and
 * the full gradient is never formed.
 */
import type { GraphBuilder } from '../graph/builder';
import { differentiate } from '../graph/differentiate';
import type { Value } from '../graph/ir';
import { internalError } from '../protocol/errors';
import type { LinearValues } from './architectures/linear';
import type { ForwardGraph } from './buildForward';
import { rowProducts } from './buildModuleSides';
import type { LinearModule } from './modelPlan';

/** undefined on a side: that side keeps its full width. */
export interface ModuleProjection {
  /** [in, k] */
  readonly input: Value | undefined;
  /** [out, l] */
  readonly output: Value | undefined;
}

export interface RowGradient {
  readonly module: LinearModule;
  /** [B, l, k], in the orientation [out, in] whatever the weight's stored layout. */
  readonly gradient: Value;
}

/**
 * Projected gradient of each row's loss with respect to the weight of each module that `project` answers for.
 *
 * @param loss scalar, the sum of the rows' losses: `LossValues.sum`
 */
export function buildPerRowGradients(
  builder: GraphBuilder,
  forward: ForwardGraph,
  loss: Value,
  project: (module: LinearModule) => ModuleProjection | undefined,
): readonly RowGradient[] {
  const tracked = forward.linears.flatMap((values) => {
    const projection = project(values.module);
    return projection === undefined ? [] : [{ values, projection }];
  });
  const pseudoGradients = differentiate(
    builder,
    loss,
    tracked.map(({ values }) => values.output),
  );
  return tracked.map(({ values, projection }, i) => ({
    module: values.module,
    gradient: rowProducts(
      builder,
      forward.batch,
      projected(builder, pseudoGradients[i]!, projection.output),
      projected(builder, values.input, projection.input),
    ),
  }));
}

export interface RowAdapterGradient {
  readonly module: LinearModule;
  /** [B, rank, k], gradient of A. */
  readonly a: Value;
  /** [B, l, rank], gradient of B. */
  readonly b: Value;
}

/**
 * As `buildPerRowGradients` for low-rank additions y += s (x A^T) B^T: dA_b = s (G_b B)^T X_b, dB_b = s G_b^T (X_b A^T),
 * with the wide side of each projected.
 */
export function buildPerRowAdapterGradients(
  builder: GraphBuilder,
  forward: ForwardGraph,
  loss: Value,
  project: (module: LinearModule) => ModuleProjection | undefined,
): readonly RowAdapterGradient[] {
  const tracked = forward.linears.flatMap((values) => {
    const projection = values.lora === undefined ? undefined : project(values.module);
    return projection === undefined ? [] : [{ values, projection }];
  });
  const pseudoGradients = differentiate(
    builder,
    loss,
    tracked.map(({ values }) => values.output),
  );
  return tracked.map(({ values, projection }, i) => {
    const { b, scaling, inner } = adapterOf(values);
    const pseudoGradient = pseudoGradients[i]!;
    const narrow = builder.scale(builder.gemm(pseudoGradient, b, { transA: 'no', transB: 'no' }), scaling);
    return {
      module: values.module,
      a: rowProducts(builder, forward.batch, narrow, projected(builder, values.input, projection.input)),
      b: rowProducts(
        builder,
        forward.batch,
        projected(builder, pseudoGradient, projection.output),
        builder.scale(inner, scaling),
      ),
    };
  });
}

function adapterOf({ module, lora }: LinearValues): NonNullable<LinearValues['lora']> {
  if (lora === undefined) throw internalError(`${module.module} has no adapter`);
  return lora;
}

function projected(builder: GraphBuilder, x: Value, projection: Value | undefined): Value {
  return projection === undefined ? x : builder.gemm(x, projection, { transA: 'no', transB: 'no' });
}
