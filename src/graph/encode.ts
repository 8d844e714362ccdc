import { bytesOf } from './allocationPlan';
import { dataTypes } from './dataTypes';
import type { ConstantData, ElementType, Graph, Shape } from './ir';
import type { Attribute, LoweredNode } from './lower';
import { prepareGraph } from './prepareGraph';
import { ProtobufWriter } from './protobuf';

/** Operator set the encoded models name. */
export const opsetVersion = 20;
const irVersion = 9;

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

function writeAttribute(writer: ProtobufWriter, attribute: Attribute): void {
  writer.string(1, attribute.name);
  if (attribute.kind === 'int') writer.int(3, attribute.value);
  else if (attribute.kind === 'string') writer.string(4, attribute.value);
  else for (const value of attribute.value) writer.int(8, value);
  writer.int(20, attributeTypes[attribute.kind]);
}

function writeNode(graph: ProtobufWriter, { opType, inputs, attributes, output }: LoweredNode): void {
  graph.message(1, (node) => {
    for (const input of inputs) node.string(1, input);
    node.string(2, output).string(3, output).string(4, opType);
    for (const attribute of attributes ?? []) node.message(5, (writer) => writeAttribute(writer, attribute));
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
 * Sessions must be made with graph optimization disabled: folding would take away what keeps the order of execution
 * (see `anchorOrder`) and merge what was meant to be computed twice.
 *
 * @param locate external data of a parameter by its Hugging Face name
 */
export function encode(graph: Graph, locate: (parameter: string) => ExternalLocation): EncodedGraph {
  const lowered = prepareGraph(graph);
  const describe = (name: string): TensorDescription => ({ name, ...lowered.types.get(name)! });
  const inputs = lowered.inputs.map(describe);
  const outputs = lowered.outputs.map(describe);

  const body = new ProtobufWriter();
  for (const [name, data] of lowered.constants) writeTensor(body, describe(name), rawBytes(data));
  for (const [name, { parameter, byteOffset }] of lowered.weights) {
    const { location, offset } = locate(parameter);
    const tensor = describe(name);
    writeTensor(body, tensor, { location, offset: offset + byteOffset, byteLength: bytesOf(tensor) });
  }
  for (const node of lowered.nodes) writeNode(body, node);
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
