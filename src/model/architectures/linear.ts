import type { GraphBuilder } from '../../graph/builder';
import type { Shape, Value } from '../../graph/ir';
import type { LinearModule } from '../modelPlan';

/** Gives a parameter its value: a weight that stays in its file, a feed, or anything computed. */
export type ParameterSource = (name: string, shape: Shape) => Value;

/** A low-rank addition to one module: y += scaling (x A^T) B^T. */
export interface LoraValues {
  /** [rank, in] */
  readonly a: Value;
  /** [out, rank] */
  readonly b: Value;
  readonly scaling: number;
}

export type AdapterSource = (module: LinearModule) => LoraValues | undefined;

/** What one linear module read and made, for methods that work on its weight's gradient. */
export interface LinearValues {
  readonly module: LinearModule;
  /** [rows, in]; the same value for modules that read the same (q, k, v; gate, up). */
  readonly input: Value;
  /** [rows, out], x W before bias and adapter: its cotangent is the pseudo-gradient of W, of bias and of the adapter's sum. */
  readonly output: Value;
  /** As stored. */
  readonly weight: Value;
  /** undefined: not adapted. `inner` is x A^T, [rows, rank]. */
  readonly lora: (LoraValues & { readonly inner: Value }) | undefined;
}

/** x W for x [rows, in] and a weight as stored: [rows, out]. */
export type WeightProduct = (builder: GraphBuilder, x: Value, weight: Value, layout: LinearModule['layout']) => Value;

/** Rows up to which `multiplyFewRows` is the faster one (measured: 1.4 times at 4 rows, equal at 64). */
const fewRows = 32;

/** The product as one Gemm on the weight as it lies. */
export const multiplyRows: WeightProduct = (builder, x, weight, layout) =>
  builder.gemm(x, weight, { transA: 'no', transB: layout === 'outIn' ? 'yes' : 'no' });

/**
 * The same for a handful of rows, as (W x^T)^T: a Gemm repacks its right operand, so the weight goes on the left, where
 * it is read once as it lies.
 */
export const multiplyFewRows: WeightProduct = (builder, x, weight, layout) => {
  const rows = x.shape[0]!;
  if (layout === 'inOut' || rows === 1 || rows > fewRows) return multiplyRows(builder, x, weight, layout);
  return builder.transpose(builder.gemm(weight, x, { transA: 'no', transB: 'yes' }), [1, 0]);
};

export interface LinearContext {
  readonly builder: GraphBuilder;
  readonly parameter: ParameterSource;
  readonly adapter: AdapterSource;
  readonly multiply: WeightProduct;
  /** Called for every module applied. */
  readonly record: (values: LinearValues) => void;
}

/** y = x W (+ bias) (+ adapter) on x [rows, in], with the weight multiplied as it lies in the file. */
export function linear(context: LinearContext, module: LinearModule, input: Value): Value {
  const { builder, parameter } = context;
  const weight = parameter(module.weight, weightShape(module));
  const output = context.multiply(builder, input, weight, module.layout);
  const adapter = context.adapter(module);
  const lora = adapter && { ...adapter, inner: loraInner(builder, input, adapter) };
  context.record({ module, input, output, weight, lora });
  const biased = module.bias === undefined ? output : builder.add(output, parameter(module.bias, [module.outputSize]));
  return lora === undefined ? biased : builder.add(biased, loraOutput(builder, lora));
}

export function weightShape({ layout, inputSize, outputSize }: LinearModule): Shape {
  return layout === 'outIn' ? [outputSize, inputSize] : [inputSize, outputSize];
}

/** x A^T */
export function loraInner(builder: GraphBuilder, input: Value, { a }: LoraValues): Value {
  return builder.gemm(input, a, { transA: 'no', transB: 'yes' });
}

/** scaling (x A^T) B^T; the scaling goes onto the narrow factor. */
export function loraOutput(
  builder: GraphBuilder,
  { inner, b, scaling }: LoraValues & { readonly inner: Value },
): Value {
  return builder.gemm(builder.scale(inner, scaling), b, { transA: 'no', transB: 'yes' });
}
