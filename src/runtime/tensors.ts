/**
 * The shape of what a session runs. Structural on purpose: whatever compiles graphs yields a value of this form, and
 * runtime/ knows nothing of how it was made.
 */

/** Element types that cross the border of a session; `bool` travels as bytes 0 and 1. */
export type TensorType = 'float32' | 'int64' | 'int32' | 'bool';

export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** A feed or result of an encoded graph. */
export interface TensorDescription {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
}

/** A serialized ONNX ModelProto with what it is fed and what it yields. */
export interface EncodedGraph {
  readonly bytes: Uint8Array;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

/** Tensors by name, row-major, of the sizes that the descriptions give. */
export type Tensors = Readonly<Record<string, TensorData>>;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

const arrayNames: { readonly [T in TensorType]: string } = {
  float32: 'Float32Array',
  int64: 'BigInt64Array',
  int32: 'Int32Array',
  bool: 'Uint8Array',
};

/** What is wrong with `data` as the tensor `description`, or undefined. */
export function mismatch(description: TensorDescription, data: unknown): string | undefined {
  const { name, type, shape } = description;
  const found = Object.prototype.toString.call(data).slice(8, -1);
  if (found !== arrayNames[type]) return `${name} is ${type} and takes a ${arrayNames[type]}, not a ${found}`;
  const { length } = data as TensorData;
  if (length !== elementCount(shape)) {
    return `${name} has the shape [${shape}], that is ${elementCount(shape)} elements, not ${length}`;
  }
  return undefined;
}
