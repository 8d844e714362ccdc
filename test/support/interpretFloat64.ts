/**
 * Evaluates graphs in float64, one plain loop an operator: the reference that gradients and the encoder are tested
 * against. Never fast, never used by the product.
 */
import { type Graph, type Node, type Shape, sizeOf, type Value } from '../../src/graph/ir';
import type { OpType } from '../../src/graph/operators';

/** A tensor of any element type: integers as they are, truth values as 0 and 1. */
export interface Tensor64 {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export function tensor64(shape: Shape, data: ArrayLike<number>): Tensor64 {
  if (data.length !== sizeOf(shape)) throw new Error(`${data.length} elements for [${shape}]`);
  return { shape, data: Float64Array.from(data) };
}

type Rule<Op extends OpType> = (inputs: readonly Tensor64[], node: Node<Op>) => Float64Array;

function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis -= 1) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Every index of `shape`, in row-major order; the same array each time. */
function* indices(shape: Shape): Generator<number[]> {
  const index = new Array<number>(shape.length).fill(0);
  for (let count = sizeOf(shape); count > 0; count -= 1) {
    yield index;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** f of every index of `shape`. */
function mapped(shape: Shape, f: (index: readonly number[]) => number): Float64Array {
  const result = new Float64Array(sizeOf(shape));
  let i = 0;
  for (const index of indices(shape)) {
    result[i] = f(index);
    i += 1;
  }
  return result;
}

/** Element of a tensor at an index of the shape that it broadcasts to. */
function broadcastAt({ shape, data }: Tensor64, strides: readonly number[], index: readonly number[]): number {
  const skipped = index.length - shape.length;
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis += 1) {
    if (shape[axis] !== 1) offset += index[skipped + axis]! * strides[axis]!;
  }
  return data[offset]!;
}

/** Element of a tensor at its own index. */
function at({ data }: Tensor64, strides: readonly number[], index: readonly number[]): number {
  return data[index.reduce((sum, position, axis) => sum + position * strides[axis]!, 0)]!;
}

function elementwise(f: (...values: number[]) => number): Rule<OpType> {
  return (inputs, { output }) => {
    const strides = inputs.map(({ shape }) => stridesOf(shape));
    return mapped(output.shape, (index) => f(...inputs.map((input, k) => broadcastAt(input, strides[k]!, index))));
  };
}

/** Result at each index, read from the first input at another. */
function moved<Op extends OpType>(
  source: (node: Node<Op>, inputs: readonly Tensor64[]) => (index: readonly number[]) => readonly number[] | 'zero',
): Rule<Op> {
  return (inputs, node) => {
    const from = source(node, inputs);
    const strides = stridesOf(inputs[0]!.shape);
    return mapped(node.output.shape, (index) => {
      const position = from(index);
      return position === 'zero' ? 0 : at(inputs[0]!, strides, position);
    });
  };
}

/** The elements that each result of a reduction reads. */
function groups({ shape, data }: Tensor64, axes: readonly number[]): number[][] {
  const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const strides = stridesOf(kept);
  const result: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  let i = 0;
  for (const index of indices(shape)) {
    const group = index.reduce((sum, position, axis) => sum + (axes.includes(axis) ? 0 : position * strides[axis]!), 0);
    result[group]!.push(data[i]!);
    i += 1;
  }
  return result;
}

function reduction(f: (values: readonly number[]) => number) {
  return (inputs: readonly Tensor64[], { attributes }: { readonly attributes: { readonly axes: readonly number[] } }) =>
    Float64Array.from(groups(inputs[0]!, attributes.axes), f);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** log(sum(exp)), shifted by the maximum. */
function logSumExp(values: readonly number[]): number {
  const shift = Math.max(...values);
  return shift + Math.log(sum(values.map((value) => Math.exp(value - shift))));
}

/** 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!: all terms of one sign, so nothing cancels. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

function matMul(a: Tensor64, b: Tensor64, output: Shape): Float64Array {
  const [stridesA, stridesB] = [stridesOf(a.shape), stridesOf(b.shape)];
  const result = new Float64Array(sizeOf(output));
  const inner = a.shape.at(-1)!;
  let i = 0;
  for (const index of indices(output)) {
    const row = [...index];
    const column = [...index];
    for (let k = 0; k < inner; k += 1) {
      row[row.length - 1] = k;
      column[column.length - 2] = k;
      result[i]! += broadcastAt(a, stridesA, row) * broadcastAt(b, stridesB, column);
    }
    i += 1;
  }
  return result;
}

function transposed({ shape, data }: Tensor64, transpose: 'no' | 'yes'): Tensor64 {
  if (transpose === 'no') return { shape, data };
  const [rows, columns] = shape as readonly [number, number];
  return { shape: [columns, rows], data: data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!) };
}

function checkedIndex(value: number, extent: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= extent) throw new Error(`index ${value} of ${extent}`);
  return value;
}

const rules: { readonly [Op in OpType]: Rule<Op> } = {
  Add: elementwise((a, b) => a! + b!),
  Sub: elementwise((a, b) => a! - b!),
  Mul: elementwise((a, b) => a! * b!),
  Div: elementwise((a, b) => a! / b!),
  Neg: elementwise((x) => -x!),
  Exp: elementwise((x) => Math.exp(x!)),
  Log: elementwise((x) => Math.log(x!)),
  Sqrt: elementwise((x) => Math.sqrt(x!)),
  Reciprocal: elementwise((x) => 1 / x!),
  Tanh: elementwise((x) => Math.tanh(x!)),
  Sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x!))),
  Erf: elementwise((x) => erf(x!)),
  Sin: elementwise((x) => Math.sin(x!)),
  Cos: elementwise((x) => Math.cos(x!)),
  Relu: elementwise((x) => Math.max(x!, 0)),
  Abs: elementwise((x) => Math.abs(x!)),
  Where: elementwise((condition, a, b) => (condition ? a! : b!)),
  Equal: elementwise((a, b) => Number(a === b)),
  Less: elementwise((a, b) => Number(a! < b!)),
  Greater: elementwise((a, b) => Number(a! > b!)),
  And: elementwise((a, b) => Number(a !== 0 && b !== 0)),
  Not: elementwise((a) => Number(a === 0)),
  Cast: (inputs, { attributes: { to } }) =>
    inputs[0]!.data.map((x) => (to === 'bool' ? Number(x !== 0) : to === 'float32' ? x : Math.trunc(x))),
  MatMul: ([a, b], { output }) => matMul(a!, b!, output.shape),
  Gemm: ([a, b], { attributes: { transA, transB }, output }) =>
    matMul(transposed(a!, transA), transposed(b!, transB), output.shape),
  Transpose: moved<'Transpose'>(({ attributes: { perm } }) => (index) => {
    const source = new Array<number>(index.length);
    for (const [axis, from] of perm.entries()) source[from] = index[axis]!;
    return source;
  }),
  Reshape: (inputs) => Float64Array.from(inputs[0]!.data),
  Expand: elementwise((x) => x!),
  ReduceSum: reduction(sum),
  ReduceMean: reduction((values) => sum(values) / values.length),
  ReduceMax: reduction((values) => Math.max(...values)),
  ReduceLogSumExp: (inputs, { attributes }) => Float64Array.from(groups(inputs[0]!, [attributes.axis]), logSumExp),
  Softmax: (inputs, { attributes: { axis } }) => {
    const [x] = inputs as readonly [Tensor64];
    const shape = x.shape.map((extent, i) => (i === axis ? 1 : extent));
    const normaliser: Tensor64 = { shape, data: Float64Array.from(groups(x, [axis]), logSumExp) };
    const strides = stridesOf(shape);
    let i = -1;
    return mapped(x.shape, (index) => {
      i += 1;
      return Math.exp(x.data[i]! - broadcastAt(normaliser, strides, index));
    });
  },
  Concat: (inputs, { attributes: { axis }, output }) => {
    const strides = inputs.map(({ shape }) => stridesOf(shape));
    return mapped(output.shape, (index) => {
      const position = [...index];
      let part = 0;
      while (position[axis]! >= inputs[part]!.shape[axis]!) {
        position[axis]! -= inputs[part]!.shape[axis]!;
        part += 1;
      }
      return at(inputs[part]!, strides[part]!, position);
    });
  },
  Slice: moved<'Slice'>(
    ({ attributes: { axis, start } }) =>
      (index) =>
        index.map((position, i) => (i === axis ? position + start : position)),
  ),
  Pad: moved<'Pad'>(({ attributes: { axis, before } }, [x]) => (index) => {
    const position = index[axis]! - before;
    if (position < 0 || position >= x!.shape[axis]!) return 'zero';
    return index.map((old, i) => (i === axis ? position : old));
  }),
  GatherRows: ([data, rows], { output }) => {
    const size = sizeOf(data!.shape.slice(1));
    const result = new Float64Array(sizeOf(output.shape));
    for (const [i, row] of rows!.data.entries()) {
      const start = checkedIndex(row, data!.shape[0]!) * size;
      result.set(data!.data.subarray(start, start + size), i * size);
    }
    return result;
  },
  ScatterAddRows: ([rows, updates], { attributes, output }) => {
    const size = sizeOf(output.shape.slice(1));
    const result = new Float64Array(sizeOf(output.shape));
    for (const [i, row] of rows!.data.entries()) {
      const start = checkedIndex(row, attributes.rows) * size;
      for (let k = 0; k < size; k += 1) result[start + k]! += updates!.data[i * size + k]!;
    }
    return result;
  },
  GatherElements: ([data, elements], { attributes: { axis } }) => {
    const strides = stridesOf(data!.shape);
    let i = -1;
    return mapped(elements!.shape, (index) => {
      i += 1;
      const element = checkedIndex(elements!.data[i]!, data!.shape[axis]!);
      return at(
        data!,
        strides,
        index.map((position, k) => (k === axis ? element : position)),
      );
    });
  },
  ScatterAddElements: ([elements, updates], { attributes: { axis, extent }, output }) => {
    const strides = stridesOf(output.shape);
    const result = new Float64Array(sizeOf(output.shape));
    let i = 0;
    for (const index of indices(updates!.shape)) {
      const element = checkedIndex(elements!.data[i]!, extent);
      const target = index.reduce((total, position, k) => total + (k === axis ? element : position) * strides[k]!, 0);
      result[target]! += updates!.data[i]!;
      i += 1;
    }
    return result;
  },
  ArgMax: (inputs, { attributes: { axis } }) =>
    Float64Array.from(groups(inputs[0]!, [axis]), (values) => values.indexOf(Math.max(...values))),
  Identity: (inputs) => Float64Array.from(inputs[0]!.data),
  StopGradient: (inputs) => Float64Array.from(inputs[0]!.data),
};

/** Value of one node from those of its inputs. */
export function evaluateNode(node: Node, inputs: readonly Tensor64[]): Tensor64 {
  // The table is indexed by the node's own operator, so rule and node agree.
  const rule = rules[node.opType] as Rule<OpType>;
  return { shape: node.output.shape, data: rule(inputs, node) };
}

/**
 * @param feeds inputs and weights by name
 * @returns the outputs by name
 */
export function interpretFloat64(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor64>>,
): Readonly<Record<string, Tensor64>> {
  const values = new Map<Value, Tensor64>();
  for (const [value, source] of graph.sources) {
    const tensor =
      source.kind === 'constant' ? tensor64(value.shape, Array.from(source.data, Number)) : feeds[value.name];
    if (tensor === undefined) throw new Error(`no feed for ${value.name}`);
    if (tensor.shape.join() !== value.shape.join())
      throw new Error(`feed [${tensor.shape}] for ${value.name} [${value.shape}]`);
    values.set(value, tensor);
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values.get(input)!);
    values.set(node.output, evaluateNode(node, inputs));
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values.get(value)!]));
}
