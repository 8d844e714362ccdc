import { internalError } from '../protocol/errors';
import type { ConstantData, ElementType, Graph, Node, Shape, Value } from './ir';
import type { OpType } from './operators';
import { ProtobufWriter } from './protobuf';

/** Operator set the encoded models name. */
export const opsetVersion = 20;
const irVersion = 9;

/** TensorProto.DataType */
const dataTypes: { readonly [T in ElementType]: number } = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** AttributeProto.AttributeType */
const attributeTypes = { int: 2, string: 3, ints: 7 } as const;

/** Where a parameter's float32 bytes lie, as ONNX external data: `location` is relative to the folder given to the session. */
export interface ExternalLocation {
  readonly location: string;
  readonly offset: number;
  readonly byteLength: number;
}

/** A feed or result of an encoded graph. */
export interface TensorDescription {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

/** A serialized ModelProto with what a session needs to know of it. */
export interface EncodedGraph {
  readonly bytes: Uint8Array;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

/** What one IR node becomes: ONNX operator, inputs by name, attributes. */
interface Lowered {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly attributes?: readonly Attribute[];
}

type Attribute =
  | { readonly name: string; readonly kind: 'int'; readonly value: number }
  | { readonly name: string; readonly kind: 'string'; readonly value: string }
  | { readonly name: string; readonly kind: 'ints'; readonly value: readonly number[] };

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

function writeAttribute(writer: ProtobufWriter, attribute: Attribute): void {
  writer.string(1, attribute.name);
  if (attribute.kind === 'int') writer.int(3, attribute.value);
  else if (attribute.kind === 'string') writer.string(4, attribute.value);
  else for (const value of attribute.value) writer.int(8, value);
  writer.int(20, attributeTypes[attribute.kind]);
}

function writeNode(graph: ProtobufWriter, lowered: Lowered, output: string): void {
  graph.message(1, (node) => {
    for (const input of lowered.inputs) node.string(1, input);
    node.string(2, output).string(3, output).string(4, lowered.opType);
    for (const attribute of lowered.attributes ?? []) node.message(5, (writer) => writeAttribute(writer, attribute));
  });
}

function rawBytes(data: ConstantData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function writeTensor(
  graph: ProtobufWriter,
  { name, type, shape }: TensorDescription,
  data: Uint8Array | ExternalLocation,
): void {
  graph.message(5, (tensor) => {
    for (const extent of shape) tensor.int(1, extent);
    tensor.int(2, dataTypes[type]).string(8, name);
    if (data instanceof Uint8Array) {
      tensor.bytes(9, data);
      return;
    }
    const entries = { location: data.location, offset: `${data.offset}`, length: `${data.byteLength}` };
    for (const [key, value] of Object.entries(entries))
      tensor.message(13, (entry) => entry.string(1, key).string(2, value));
    tensor.int(14, 1);
  });
}

function writeValueInfo(graph: ProtobufWriter, field: 11 | 12, { name, type, shape }: TensorDescription): void {
  graph.message(field, (info) => {
    info.string(1, name).message(2, (typeProto) => {
      typeProto.message(1, (tensor) => {
        tensor.int(1, dataTypes[type]).message(2, (dimensions) => {
          for (const extent of shape) dimensions.message(1, (dimension) => dimension.int(1, extent));
        });
      });
    });
  });
}

/**
 * Serializes a graph as an ONNX ModelProto. Weights are not copied: `locate` says where each parameter's bytes lie.
 *
 * @param locate external data of a parameter by its Hugging Face name
 */
export function encode(graph: Graph, locate: (parameter: string) => ExternalLocation): EncodedGraph {
  const body = new ProtobufWriter();
  const vectors = new Map<string, string>();
  const helpers = new Map<string, string>();
  const names = new Map<Value, string>([...graph.sources.keys()].map((value) => [value, value.name]));

  const vector = (values: readonly number[]): string => {
    const name = `int64[${values.join(' ')}]`;
    if (!vectors.has(name)) {
      vectors.set(name, name);
      writeTensor(
        body,
        { name, type: 'int64', shape: [values.length] },
        rawBytes(BigInt64Array.from(values, (value) => BigInt(value))),
      );
    }
    return name;
  };
  const helper = (name: string, lowered: () => Lowered): string => {
    if (!helpers.has(name)) {
      helpers.set(name, name);
      writeNode(body, lowered(), name);
    }
    return name;
  };
  const lowering: Lowering = {
    vector,
    zeros: (shape) => {
      writeZero();
      return helper(`zeros[${shape.join(' ')}]`, () => ({ opType: 'Expand', inputs: ['float32 zero', vector(shape)] }));
    },
    reshaped: (value, shape) =>
      helper(`${names.get(value)} as [${shape.join(' ')}]`, () => ({
        opType: 'Reshape',
        inputs: [names.get(value)!, vector(shape)],
      })),
  };
  const writeZero = (): void => {
    if (helpers.has('float32 zero')) return;
    helpers.set('float32 zero', 'float32 zero');
    writeTensor(body, { name: 'float32 zero', type: 'float32', shape: [] }, rawBytes(Float32Array.of(0)));
  };

  for (const [value, source] of graph.sources) {
    if (source.kind === 'constant') writeTensor(body, value, rawBytes(source.data));
    if (source.kind === 'weight') writeTensor(body, value, locate(source.parameter));
  }
  for (const node of graph.nodes) {
    names.set(node.output, node.output.name);
    const inputs = node.inputs.map((input) => names.get(input) ?? raise(input));
    // The table is indexed by the node's own operator, so rule and node agree.
    const rule = lowerRules[node.opType] as LowerRule<OpType>;
    writeNode(body, rule(node, inputs, lowering), node.output.name);
  }
  const inputs = [...graph.sources]
    .filter(([, { kind }]) => kind === 'input')
    .map(([{ name, type, shape }]) => ({ name, type, shape }));
  const outputs = graph.outputs.map(({ name, value: { type, shape } }) => ({ name, type, shape }));
  for (const { name, value } of graph.outputs) {
    if (name !== names.get(value)) writeNode(body, { opType: 'Identity', inputs: [names.get(value)!] }, name);
  }
  for (const input of inputs) writeValueInfo(body, 11, input);
  for (const output of outputs) writeValueInfo(body, 12, output);

  body.string(2, 'whence');
  const bytes = new ProtobufWriter()
    .int(1, irVersion)
    .string(2, 'whence')
    .bytes(7, body.finish())
    .message(8, (opset) => opset.string(1, '').int(2, opsetVersion))
    .finish();
  return { bytes, inputs, outputs };
}

function raise(value: Value): never {
  throw internalError(`${value.name} is used before it is made`);
}
