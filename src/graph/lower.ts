import { internalError } from '../protocol/errors';
import { dataTypes } from './dataTypes';
import { type ConstantData, type Graph, type Node, type Shape, sizeOf, type Value } from './ir';
import type { Attributes, OpType, ValueType } from './operators';

/** One ONNX node: operator, inputs by name, attributes. Every one has one output. */
export interface LoweredNode extends Lowered {
  readonly output: string;
}

/** What one IR node becomes. */
interface Lowered {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly attributes?: readonly Attribute[];
}

export type Attribute =
  | { readonly name: string; readonly kind: 'int'; readonly value: number }
  | { readonly name: string; readonly kind: 'string'; readonly value: string }
  | { readonly name: string; readonly kind: 'ints'; readonly value: readonly number[] };

/** A graph in ONNX's own operators and names. */
export interface LoweredGraph {
  readonly nodes: readonly LoweredNode[];
  /** Type and shape of every value by name. */
  readonly types: ReadonlyMap<string, ValueType>;
  readonly inputs: readonly string[];
  /** Names of outputs; each is made by a node. */
  readonly outputs: readonly string[];
  readonly constants: ReadonlyMap<string, ConstantData>;
  /** Parameters, or rows of them, by the name of their value. */
  readonly weights: ReadonlyMap<string, LoweredWeight>;
}

/** Where a value's bytes begin among those of a parameter. */
export interface LoweredWeight {
  readonly parameter: string;
  readonly byteOffset: number;
}

/** Names the constants and helper nodes that a lowering needs. */
interface Lowering {
  /** Name of a constant int64 vector. */
  vector(values: readonly number[]): string;
  /** Name of zeros of this shape, made at run time. */
  zeros(shape: Shape): string;
  /** Name of `value` reshaped. */
  reshaped(value: Value, shape: Shape): string;
}

type LowerRule<Op extends OpType> = (node: Node<Op>, names: readonly string[], lowering: Lowering) => Lowered;

function plain(opType: string): LowerRule<OpType> {
  return (_, inputs) => ({ opType, inputs });
}

function int(name: string, value: number): Attribute {
  return { name, kind: 'int', value };
}

function reduce(opType: string) {
  return (
    { attributes }: { readonly attributes: { readonly axes: readonly number[]; readonly keepDims: 'keep' | 'drop' } },
    [data]: readonly string[],
    lowering: Lowering,
  ): Lowered => ({
    opType,
    inputs: [data!, lowering.vector(attributes.axes)],
    attributes: [int('keepdims', attributes.keepDims === 'keep' ? 1 : 0)],
  });
}

const addReduction: Attribute = { name: 'reduction', kind: 'string', value: 'add' };

const lowerRules: { readonly [Op in OpType]: LowerRule<Op> } = {
  Add: plain('Add'),
  Sub: plain('Sub'),
  Mul: plain('Mul'),
  Div: plain('Div'),
  Neg: plain('Neg'),
  Exp: plain('Exp'),
  Log: plain('Log'),
  Sqrt: plain('Sqrt'),
  Reciprocal: plain('Reciprocal'),
  Tanh: plain('Tanh'),
  Sigmoid: plain('Sigmoid'),
  Erf: plain('Erf'),
  Sin: plain('Sin'),
  Cos: plain('Cos'),
  Relu: plain('Relu'),
  Abs: plain('Abs'),
  Where: plain('Where'),
  Equal: plain('Equal'),
  Less: plain('Less'),
  Greater: plain('Greater'),
  And: plain('And'),
  Not: plain('Not'),
  Cast: ({ attributes }, inputs) => ({ opType: 'Cast', inputs, attributes: [int('to', dataTypes[attributes.to])] }),
  MatMul: plain('MatMul'),
  Gemm: ({ attributes }, inputs) => ({
    opType: 'Gemm',
    inputs,
    attributes: [
      int('transA', attributes.transA === 'yes' ? 1 : 0),
      int('transB', attributes.transB === 'yes' ? 1 : 0),
    ],
  }),
  Transpose: ({ attributes }, inputs) => ({
    opType: 'Transpose',
    inputs,
    attributes: [{ name: 'perm', kind: 'ints', value: attributes.perm }],
  }),
  Reshape: ({ attributes }, [data], lowering) => ({
    opType: 'Reshape',
    inputs: [data!, lowering.vector(attributes.shape)],
    // An extent of 0 is meant as it is written; without this it would copy the input's.
    attributes: [int('allowzero', 1)],
  }),
  Expand: ({ attributes }, [data], lowering) => ({
    opType: 'Expand',
    inputs: [data!, lowering.vector(attributes.shape)],
  }),
  ReduceSum: reduce('ReduceSum'),
  ReduceMean: reduce('ReduceMean'),
  ReduceMax: reduce('ReduceMax'),
  ReduceLogSumExp: ({ attributes }, [data], lowering) => ({
    opType: 'ReduceLogSumExp',
    inputs: [data!, lowering.vector([attributes.axis])],
    attributes: [int('keepdims', 1)],
  }),
  Softmax: ({ attributes }, inputs) => ({ opType: 'Softmax', inputs, attributes: [int('axis', attributes.axis)] }),
  Concat: ({ attributes }, inputs) => ({ opType: 'Concat', inputs, attributes: [int('axis', attributes.axis)] }),
  Slice: ({ attributes: { axis, start, end } }, [data], lowering) => ({
    opType: 'Slice',
    inputs: [data!, lowering.vector([start]), lowering.vector([end]), lowering.vector([axis])],
  }),
  Pad: ({ attributes: { axis, before, after }, output }, [data], lowering) => ({
    opType: 'Pad',
    inputs: [
      data!,
      lowering.vector([
        ...output.shape.map((_, i) => (i === axis ? before : 0)),
        ...output.shape.map((_, i) => (i === axis ? after : 0)),
      ]),
    ],
  }),
  GatherRows: (_, inputs) => ({ opType: 'Gather', inputs, attributes: [int('axis', 0)] }),
  ScatterAddRows: ({ inputs: [indices], output }, [, updates], lowering) => ({
    opType: 'ScatterND',
    inputs: [lowering.zeros(output.shape), lowering.reshaped(indices!, [...indices!.shape, 1]), updates!],
    attributes: [addReduction],
  }),
  GatherElements: ({ attributes }, inputs) => ({
    opType: 'GatherElements',
    inputs,
    attributes: [int('axis', attributes.axis)],
  }),
  ScatterAddElements: ({ attributes, output }, [indices, updates], lowering) => ({
    opType: 'ScatterElements',
    inputs: [lowering.zeros(output.shape), indices!, updates!],
    attributes: [int('axis', attributes.axis), addReduction],
  }),
  ArgMax: ({ attributes }, inputs) => ({
    opType: 'ArgMax',
    inputs,
    attributes: [int('axis', attributes.axis), int('keepdims', 0)],
  }),
  Identity: plain('Identity'),
  StopGradient: plain('Identity'),
};

/** Rewrites a graph in ONNX operators: attributes become int64 constants where ONNX wants them, outputs get their names. */
export function lower(graph: Graph): LoweredGraph {
  const nodes: LoweredNode[] = [];
  const types = new Map<string, ValueType>();
  const constants = new Map<string, ConstantData>();
  const weights = new Map<string, LoweredWeight>();
  const names = namesOf(graph);

  const declare = (name: string, { type, shape }: ValueType): void => {
    if (types.has(name)) throw internalError(`two values are named ${name}`);
    types.set(name, { type, shape });
  };
  const append = (name: string, type: ValueType, lowered: Lowered): void => {
    declare(name, type);
    nodes.push({ ...lowered, output: name });
  };
  const constant = (name: string, type: ValueType, data: () => ConstantData): string => {
    if (!constants.has(name)) {
      declare(name, type);
      constants.set(name, data());
    }
    return name;
  };
  const vector = (values: readonly number[]): string =>
    constant(`int64[${values.join(' ')}]`, { type: 'int64', shape: [values.length] }, () =>
      BigInt64Array.from(values, (value) => BigInt(value)),
    );
  const helper = (name: string, type: ValueType, lowered: () => Lowered): string => {
    if (!types.has(name)) append(name, type, lowered());
    return name;
  };
  const lowering: Lowering = {
    vector,
    zeros: (shape) => {
      const zero = constant('float32 zero', { type: 'float32', shape: [] }, () => Float32Array.of(0));
      const type: ValueType = { type: 'float32', shape };
      return helper(`zeros[${shape.join(' ')}]`, type, () => ({ opType: 'Expand', inputs: [zero, vector(shape)] }));
    },
    reshaped: (value, shape) => {
      const name = names.get(value)!;
      const type: ValueType = { type: value.type, shape };
      return helper(`${name} as [${shape.join(' ')}]`, type, () => ({
        opType: 'Reshape',
        inputs: [name, vector(shape)],
      }));
    },
  };

  const inputs: string[] = [];
  for (const [value, source] of graph.sources) {
    declare(value.name, value);
    if (source.kind === 'input') inputs.push(value.name);
    else if (source.kind === 'constant') constants.set(value.name, source.data);
    else weights.set(value.name, { parameter: source.parameter, byteOffset: 0 });
  }
  const made = new Set(graph.outputs.map(({ value }) => value));
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (!types.has(names.get(input)!)) throw internalError(`${input.name} is used before it is made`);
    }
    const rows = made.has(node.output) ? undefined : weightRows(graph, node);
    if (rows !== undefined) {
      declare(names.get(node.output)!, node.output);
      weights.set(names.get(node.output)!, rows);
      continue;
    }
    // The table is indexed by the node's own operator, so rule and node agree.
    const rule = lowerRules[node.opType] as LowerRule<OpType>;
    const lowered = rule(
      node,
      node.inputs.map((input) => names.get(input)!),
      lowering,
    );
    append(names.get(node.output)!, node.output, lowered);
  }
  for (const { name, value } of graph.outputs) {
    if (name !== names.get(value)) append(name, value, { opType: 'Identity', inputs: [names.get(value)!] });
  }
  return { nodes, types, inputs, outputs: graph.outputs.map(({ name }) => name), constants, weights };
}

/** Rows of a weight lie together in its file: they are read where they are, and nothing is sliced at run time. */
function weightRows({ sources }: Graph, { opType, inputs, attributes }: Node): LoweredWeight | undefined {
  const source = sources.get(inputs[0]!);
  if (opType !== 'Slice' || source?.kind !== 'weight') return undefined;
  const { axis, start } = attributes as Attributes['Slice'];
  if (axis !== 0) return undefined;
  const rowBytes = 4 * sizeOf(inputs[0]!.shape.slice(1));
  return { parameter: source.parameter, byteOffset: start * rowBytes };
}

/** A value that is made for output has that output's name, so that nothing is copied; others have their own. */
function namesOf({ sources, nodes, outputs }: Graph): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>();
  for (const value of [...sources.keys(), ...nodes.map(({ output }) => output)]) names.set(value, value.name);
  const renamed = new Set<Value>(sources.keys());
  for (const { name, value } of outputs) {
    if (!renamed.has(value)) names.set(value, name);
    renamed.add(value);
  }
  return names;
}
