/**
 * The intermediate representation: ONNX graphs as values, in static single assignment, with static shapes.
 *
 * graph/ builds, differentiates, verifies, prints and encodes graphs. It never touches disk, a session or a tensor
 * library; `encode` yields bytes that any ONNX runtime loads.
 */
import type { Attributes, OpType } from './operators';

/** Element types a value may have. float32 is the only one that is differentiated. */
export type ElementType = 'float32' | 'int64' | 'int32' | 'bool';

export type Shape = readonly number[];

/** One tensor of a graph. Identity is the object itself; `id` orders values by creation. */
export interface Value {
  readonly id: number;
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

/** One operator application. Every operator of the IR has one output. */
export interface Node<Op extends OpType = OpType> {
  readonly opType: Op;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes[Op];
  readonly output: Value;
}

export type ConstantData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** Where a value without a producing node comes from. */
export type Source =
  /** Fed at every run. */
  | { readonly kind: 'input' }
  /** A parameter of the model that stays in its file; `parameter` is its Hugging Face name. */
  | { readonly kind: 'weight'; readonly parameter: string }
  | { readonly kind: 'constant'; readonly data: ConstantData };

/** A finished graph: what `encode`, `print`, `verify` and the interpreters read. Nodes are in topological order. */
export interface Graph {
  readonly sources: ReadonlyMap<Value, Source>;
  readonly nodes: readonly Node[];
  readonly outputs: readonly NamedOutput[];
}

export interface NamedOutput {
  readonly name: string;
  readonly value: Value;
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}
