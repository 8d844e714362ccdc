/**
 * The operators of the IR: portable ONNX operators that CPU and WebGPU providers run alike, each with its attributes
 * and its shape rule. Axes, shapes and slice bounds are attributes here and become int64 inputs when encoded, so that
 * rules are functions of attributes alone. Axes are never negative.
 *
 * Deliberately absent: operators with several outputs, SimplifiedLayerNormalization and LogSoftmax (wrong or slow on
 * WebGPU), anything with a dynamic shape.
 */
import { internalError } from '../protocol/errors';
import { type ElementType, type Shape, sameShape, sizeOf, type Value } from './ir';

type None = Readonly<Record<never, never>>;

/** Over at least one axis: ONNX reads no axes as all of them. */
interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: 'keep' | 'drop';
}

/** Attributes of every operator. Adding a line here stops the build until every total table has answered. */
export interface Attributes {
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Neg: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Reciprocal: None;
  Tanh: None;
  Sigmoid: None;
  Erf: None;
  Sin: None;
  Cos: None;
  Relu: None;
  Abs: None;
  /** Where(condition, a, b), with broadcasting. */
  Where: None;
  Equal: None;
  Less: None;
  Greater: None;
  And: None;
  Not: None;
  Cast: { readonly to: ElementType };
  /** numpy matmul; operands of rank >= 2. */
  MatMul: None;
  /** Y = op(A) op(B), rank 2, the way linear layers store their weights: no transposed copy is ever made. */
  Gemm: { readonly transA: 'no' | 'yes'; readonly transB: 'no' | 'yes' };
  Transpose: { readonly perm: readonly number[] };
  Reshape: { readonly shape: Shape };
  Expand: { readonly shape: Shape };
  ReduceSum: Reduction;
  ReduceMean: Reduction;
  ReduceMax: Reduction;
  /** Over one axis, kept. */
  ReduceLogSumExp: { readonly axis: number };
  Softmax: { readonly axis: number };
  Concat: { readonly axis: number };
  /** Elements [start, end) of one axis. */
  Slice: { readonly axis: number; readonly start: number; readonly end: number };
  /** Zeros before and after along one axis. */
  Pad: { readonly axis: number; readonly before: number; readonly after: number };
  /** Gather(data, indices) along axis 0: shape indices.shape ++ data.shape[1..]. */
  GatherRows: None;
  /** ScatterAddRows(indices, updates): zeros of [rows, ...] with updates added at indices (duplicates add up). */
  ScatterAddRows: { readonly rows: number };
  /** GatherElements along one axis. */
  GatherElements: { readonly axis: number };
  /** ScatterAddElements(indices, updates): zeros of the given extent on `axis`, updates added (duplicates add up). */
  ScatterAddElements: { readonly axis: number; readonly extent: number };
  /** int64, first of equal maxima, axis dropped. */
  ArgMax: { readonly axis: number };
  Identity: None;
  /** The value, with no gradient through it. */
  StopGradient: None;
}

export type OpType = keyof Attributes;

export interface ValueType {
  readonly type: ElementType;
  readonly shape: Shape;
}

type InferRule<Op extends OpType> = (inputs: readonly Value[], attributes: Attributes[Op]) => ValueType;

/** ONNX (numpy) broadcasting of two shapes. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw internalError(`shapes [${a}] and [${b}] do not broadcast`);
    }
    return left === 1 ? right : left;
  });
}

function arity(count: number, inputs: readonly Value[]): void {
  if (inputs.length !== count) throw internalError(`expected ${count} inputs, got ${inputs.length}`);
}

function floating(value: Value): void {
  if (value.type !== 'float32') throw internalError(`${value.name} is ${value.type}, not float32`);
}

function integral(value: Value): void {
  if (value.type !== 'int64' && value.type !== 'int32')
    throw internalError(`${value.name} is ${value.type}, not an integer`);
}

function axisOf(axis: number, shape: Shape): number {
  const extent = shape[axis];
  if (!Number.isInteger(axis) || extent === undefined) throw internalError(`axis ${axis} of shape [${shape}]`);
  return extent;
}

const unary: InferRule<OpType> = (inputs) => {
  arity(1, inputs);
  floating(inputs[0]!);
  return { type: 'float32', shape: inputs[0]!.shape };
};

function binary(result: 'same' | 'bool', element: 'any' | 'float32' | 'bool'): InferRule<OpType> {
  return (inputs) => {
    arity(2, inputs);
    const [a, b] = inputs as readonly [Value, Value];
    if (a.type !== b.type) throw internalError(`${a.name} is ${a.type} but ${b.name} is ${b.type}`);
    if (element !== 'any' && a.type !== element) throw internalError(`${a.name} is ${a.type}, not ${element}`);
    return { type: result === 'bool' ? 'bool' : a.type, shape: broadcastShapes(a.shape, b.shape) };
  };
}

function reduceShape(shape: Shape, { axes, keepDims }: Reduction): Shape {
  if (axes.length === 0) throw internalError('a reduction over no axes');
  for (const axis of axes) axisOf(axis, shape);
  if (new Set(axes).size !== axes.length) throw internalError(`axes [${axes}] repeat`);
  return keepDims === 'keep'
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));
}

const reduction = (inputs: readonly Value[], attributes: Reduction): ValueType => {
  arity(1, inputs);
  floating(inputs[0]!);
  return { type: 'float32', shape: reduceShape(inputs[0]!.shape, attributes) };
};

const alongAxis = (inputs: readonly Value[], { axis }: { readonly axis: number }): ValueType => {
  arity(1, inputs);
  floating(inputs[0]!);
  axisOf(axis, inputs[0]!.shape);
  return { type: 'float32', shape: inputs[0]!.shape };
};

/** Shape and type of an operator's output. Throws on operands that the operator does not take. */
export const inferRules: { readonly [Op in OpType]: InferRule<Op> } = {
  Add: binary('same', 'any'),
  Sub: binary('same', 'any'),
  Mul: binary('same', 'any'),
  Div: binary('same', 'float32'),
  Neg: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Reciprocal: unary,
  Tanh: unary,
  Sigmoid: unary,
  Erf: unary,
  Sin: unary,
  Cos: unary,
  Relu: unary,
  Abs: unary,
  Where: (inputs) => {
    arity(3, inputs);
    const [condition, a, b] = inputs as readonly [Value, Value, Value];
    if (condition.type !== 'bool') throw internalError(`${condition.name} is ${condition.type}, not bool`);
    if (a.type !== b.type) throw internalError(`${a.name} is ${a.type} but ${b.name} is ${b.type}`);
    return { type: a.type, shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) };
  },
  Equal: binary('bool', 'any'),
  Less: binary('bool', 'any'),
  Greater: binary('bool', 'any'),
  And: binary('bool', 'bool'),
  Not: (inputs) => {
    arity(1, inputs);
    if (inputs[0]!.type !== 'bool') throw internalError(`${inputs[0]!.name} is ${inputs[0]!.type}, not bool`);
    return { type: 'bool', shape: inputs[0]!.shape };
  },
  Cast: (inputs, { to }) => {
    arity(1, inputs);
    return { type: to, shape: inputs[0]!.shape };
  },
  MatMul: (inputs) => {
    arity(2, inputs);
    const [a, b] = inputs as readonly [Value, Value];
    floating(a);
    floating(b);
    if (a.shape.length < 2 || b.shape.length < 2) throw internalError('MatMul takes operands of rank >= 2');
    if (a.shape.at(-1) !== b.shape.at(-2)) throw internalError(`MatMul of [${a.shape}] and [${b.shape}]`);
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { type: 'float32', shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] };
  },
  Gemm: (inputs, { transA, transB }) => {
    arity(2, inputs);
    const [a, b] = inputs as readonly [Value, Value];
    floating(a);
    floating(b);
    if (a.shape.length !== 2 || b.shape.length !== 2) throw internalError('Gemm takes operands of rank 2');
    const [rows, inner] = transA === 'yes' ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const [innerB, columns] = transB === 'yes' ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
    if (inner !== innerB) throw internalError(`Gemm of [${a.shape}] and [${b.shape}]`);
    return { type: 'float32', shape: [rows, columns] };
  },
  Transpose: (inputs, { perm }) => {
    arity(1, inputs);
    const { shape, type } = inputs[0]!;
    if (perm.length !== shape.length || new Set(perm).size !== perm.length)
      throw internalError(`perm [${perm}] of [${shape}]`);
    return { type, shape: perm.map((axis) => axisOf(axis, shape)) };
  },
  Reshape: (inputs, { shape }) => {
    arity(1, inputs);
    if (sizeOf(shape) !== sizeOf(inputs[0]!.shape)) throw internalError(`Reshape [${inputs[0]!.shape}] to [${shape}]`);
    return { type: inputs[0]!.type, shape };
  },
  Expand: (inputs, { shape }) => {
    arity(1, inputs);
    if (!sameShape(broadcastShapes(inputs[0]!.shape, shape), shape)) {
      throw internalError(`Expand [${inputs[0]!.shape}] to [${shape}]`);
    }
    return { type: inputs[0]!.type, shape };
  },
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceLogSumExp: (inputs, { axis }) => {
    arity(1, inputs);
    floating(inputs[0]!);
    return { type: 'float32', shape: reduceShape(inputs[0]!.shape, { axes: [axis], keepDims: 'keep' }) };
  },
  Softmax: alongAxis,
  Concat: (inputs, { axis }) => {
    if (inputs.length === 0) throw internalError('Concat of nothing');
    const first = inputs[0]!;
    axisOf(axis, first.shape);
    for (const value of inputs) {
      if (value.type !== first.type || value.shape.length !== first.shape.length)
        throw internalError('Concat of unlike values');
      if (value.shape.some((extent, i) => i !== axis && extent !== first.shape[i])) {
        throw internalError(`Concat of [${first.shape}] and [${value.shape}] along ${axis}`);
      }
    }
    const extent = inputs.reduce((sum, value) => sum + value.shape[axis]!, 0);
    return { type: first.type, shape: first.shape.map((old, i) => (i === axis ? extent : old)) };
  },
  Slice: (inputs, { axis, start, end }) => {
    arity(1, inputs);
    const { shape, type } = inputs[0]!;
    if (start < 0 || end < start || end > axisOf(axis, shape))
      throw internalError(`Slice [${start}, ${end}) of [${shape}]`);
    return { type, shape: shape.map((extent, i) => (i === axis ? end - start : extent)) };
  },
  Pad: (inputs, { axis, before, after }) => {
    arity(1, inputs);
    const { shape, type } = inputs[0]!;
    axisOf(axis, shape);
    if (before < 0 || after < 0) throw internalError(`Pad by ${before}, ${after}`);
    return { type, shape: shape.map((extent, i) => (i === axis ? before + extent + after : extent)) };
  },
  GatherRows: (inputs) => {
    arity(2, inputs);
    const [data, indices] = inputs as readonly [Value, Value];
    integral(indices);
    axisOf(0, data.shape);
    return { type: data.type, shape: [...indices.shape, ...data.shape.slice(1)] };
  },
  ScatterAddRows: (inputs, { rows }) => {
    arity(2, inputs);
    const [indices, updates] = inputs as readonly [Value, Value];
    integral(indices);
    floating(updates);
    if (!sameShape(updates.shape.slice(0, indices.shape.length), indices.shape)) {
      throw internalError(`ScatterAddRows of [${updates.shape}] at [${indices.shape}]`);
    }
    return { type: 'float32', shape: [rows, ...updates.shape.slice(indices.shape.length)] };
  },
  GatherElements: (inputs, { axis }) => {
    arity(2, inputs);
    const [data, indices] = inputs as readonly [Value, Value];
    integral(indices);
    axisOf(axis, data.shape);
    if (
      data.shape.length !== indices.shape.length ||
      indices.shape.some((extent, i) => i !== axis && extent !== data.shape[i])
    ) {
      throw internalError(`GatherElements of [${data.shape}] at [${indices.shape}]`);
    }
    return { type: data.type, shape: indices.shape };
  },
  ScatterAddElements: (inputs, { axis, extent }) => {
    arity(2, inputs);
    const [indices, updates] = inputs as readonly [Value, Value];
    integral(indices);
    floating(updates);
    axisOf(axis, updates.shape);
    if (!sameShape(indices.shape, updates.shape))
      throw internalError(`ScatterAddElements of [${updates.shape}] at [${indices.shape}]`);
    return { type: 'float32', shape: updates.shape.map((old, i) => (i === axis ? extent : old)) };
  },
  ArgMax: (inputs, { axis }) => {
    arity(1, inputs);
    floating(inputs[0]!);
    return { type: 'int64', shape: reduceShape(inputs[0]!.shape, { axes: [axis], keepDims: 'drop' }) };
  },
  Identity: (inputs) => {
    arity(1, inputs);
    return { type: inputs[0]!.type, shape: inputs[0]!.shape };
  },
  StopGradient: unary,
};
