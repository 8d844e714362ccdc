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

export interface LinearContext {
  readonly builder: GraphBuilder;
  readonly parameter: ParameterSource;
  readonly adapter: AdapterSource;
  /** Called for every module applied. */
  readonly record: (values: LinearValues) => void;
}

/** y = x W (+ bias) (+ adapter) on x [rows, in], with the weight multiplied as it lies in the file. */
export function linear(context: LinearContext, module: LinearModule, input: Value): Value {
  const { builder, parameter } = context;
  const weight = parameter(module.weight, weightShape(module));
  const output = builder.gemm(input, weight, { transA: 'no', transB: module.layout === 'outIn' ? 'yes' : 'no' });
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
