import type { Value } from '../../../graph/ir';
import { rowProducts } from '../../../model/buildModuleSides';
import { notFinite } from '../../notFinite';
import {
  type PassContext,
  type PassInputs,
  type PassPlan,
  type PassProgram,
  type PassTokens,
  type PassValues,
  passMemory,
  runRowPasses,
} from '../../passes/rowPasses';
import type { Columns } from './columns';
import { columnsKey, trackedSides } from './trackedSides';

/** Gradients of the rows of one pass. */
export interface PassGradients {
  /** Row numbers. */
  readonly rows: readonly number[];
  /** [rows, width], in the layout of the columns. */
  readonly gradients: Float32Array;
  /** Nats: the sum of the trained tokens' losses times the row's weight. */
  readonly losses: Float32Array;
}

/** A row of tokens with the factor on its loss. */
export interface WeightedTokens extends PassTokens {
  readonly weight: number;
}

/** Row gradients [B, width] and losses [B] of a batch. */
export function gradientProgram(columns: Columns): PassProgram {
  return {
    key: `gradients ${columnsKey(columns)}`,
    outputs: (values) => [
      { name: 'gradients', value: buildRowGradients(values, columns) },
      { name: 'losses', value: values.loss.rowLosses },
    ],
  };
}

/** [B, width]: the gradient of each row's loss, column after column. */
function buildRowGradients(values: PassValues, columns: Columns): Value {
  const { builder, shape } = values;
  const parts = trackedSides(values, columns).map(({ column, input, pseudoGradient }) => {
    const gradient = rowProducts(builder, shape.batch, pseudoGradient, input);
    return builder.reshape(gradient, [shape.batch, column.size]);
  });
  return builder.concat(parts, 1);
}

/** Anonymous bytes of the sessions of `computeRowGradients`. */
export function rowGradientMemory(model: PassContext['model'], plan: PassPlan, columns: Columns): number {
  return passMemory(model, plan, gradientProgram(columns));
}

/**
 * Gradients of the rows' weighted losses with respect to the tracked modules, pass by pass.
 *
 * @throws UserError `results-not-finite`
 */
export async function computeRowGradients(
  rows: readonly WeightedTokens[],
  plan: PassPlan,
  columns: Columns,
  context: PassContext,
  visit: (pass: PassGradients) => void | Promise<void>,
): Promise<void> {
  const inputs: PassInputs = {
    factors: (row) => rows[row]!.weight,
    extra: () => columns.projection?.feeds ?? {},
  };
  await runRowPasses(rows, plan, gradientProgram(columns), context, inputs, async ({ rows: pass, outputs }) => {
    const gradients = (outputs.gradients as Float32Array).subarray(0, pass.length * columns.width);
    const losses = (outputs.losses as Float32Array).subarray(0, pass.length);
    if (losses.some((loss) => !Number.isFinite(loss))) throw notFinite(context.model.label);
    await visit({ rows: pass, gradients, losses });
  });
}
