import { internalError } from '../protocol/errors';
import {
  type ConstantData,
  type ElementType,
  type Graph,
  type NamedOutput,
  type Node,
  type Shape,
  type Source,
  sizeOf,
  type Value,
} from './ir';
import { type Attributes, inferRules, type OpType, type ValueType } from './operators';

function isTransposition(node: Node): node is Node<'Transpose'> {
  return node.opType === 'Transpose';
}

/**
 * Grows one graph. Equal applications (same operator, inputs and attributes) give the same value, so that rules may
 * ask again for what already exists. Rules and models only append; nothing is ever rewritten in place.
 */
export class GraphBuilder {
  private readonly sources = new Map<Value, Source>();
  private readonly producers = new Map<Value, Node>();
  private readonly nodes: Node[] = [];
  private readonly interned = new Map<string, Value>();
  private readonly names = new Set<string>();
  private nextId = 0;

  /** A tensor fed at every run. */
  input(name: string, type: ElementType, shape: Shape): Value {
    return this.source(name, { type, shape }, { kind: 'input' });
  }

  /** A float32 parameter that stays in its file; asked for twice, it is the same value. */
  weight(parameter: string, shape: Shape): Value {
    return this.intern(`weight ${parameter} [${shape}]`, () =>
      this.source(parameter, { type: 'float32', shape }, { kind: 'weight', parameter }),
    );
  }

  constant(type: ElementType, shape: Shape, data: ConstantData): Value {
    if (data.length !== sizeOf(shape)) throw internalError(`constant of ${data.length} elements for [${shape}]`);
    return this.source(`constant_${this.nextId}`, { type, shape }, { kind: 'constant', data });
  }

  /** A float32 constant of rank 0. */
  scalar(value: number): Value {
    return this.intern(`scalar ${value}`, () => this.constant('float32', [], Float32Array.of(value)));
  }

  int64(values: readonly number[], shape: Shape): Value {
    return this.intern(`int64 ${values} [${shape}]`, () =>
      this.constant(
        'int64',
        shape,
        BigInt64Array.from(values, (value) => BigInt(value)),
      ),
    );
  }

  /** Zeros without storage: a scalar expanded at run time. */
  zeros(shape: Shape): Value {
    return this.expand(this.scalar(0), shape);
  }

  apply<Op extends OpType>(opType: Op, inputs: readonly Value[], attributes: Attributes[Op]): Value {
    const key = `${opType} ${inputs.map(({ id }) => id)} ${JSON.stringify(attributes)}`;
    return this.intern(key, () => this.append(opType, inputs, attributes));
  }

  /** As `apply`, always a new node: recomputation must not find the value it recomputes. */
  append<Op extends OpType>(opType: Op, inputs: readonly Value[], attributes: Attributes[Op]): Value {
    for (const input of inputs) {
      if (!this.sources.has(input) && !this.producers.has(input))
        throw internalError(`${input.name} is of another graph`);
    }
    const output = this.value(`${opType}_${this.nextId}`, inferRules[opType](inputs, attributes));
    const node: Node<Op> = { opType, inputs, attributes, output };
    this.nodes.push(node as unknown as Node);
    this.producers.set(output, node as unknown as Node);
    return output;
  }

  producerOf(value: Value): Node | undefined {
    return this.producers.get(value);
  }

  sourceOf(value: Value): Source | undefined {
    return this.sources.get(value);
  }

  /** Nodes so far, in topological order. */
  allNodes(): readonly Node[] {
    return this.nodes;
  }

  /** The graph of these outputs: only what they need, in topological order. */
  finish(outputs: readonly NamedOutput[]): Graph {
    const needed = new Set<Value>(outputs.map(({ value }) => value));
    const nodes: Node[] = [];
    for (const node of [...this.nodes].reverse()) {
      if (!needed.has(node.output)) continue;
      nodes.push(node);
      for (const input of node.inputs) needed.add(input);
    }
    const sources = new Map([...this.sources].filter(([value]) => needed.has(value)));
    return { sources, nodes: nodes.reverse(), outputs };
  }

  // --- one method an operator -------------------------------------------------------------------------------------

  add(a: Value, b: Value): Value {
    return this.apply('Add', [a, b], {});
  }
  sub(a: Value, b: Value): Value {
    return this.apply('Sub', [a, b], {});
  }
  mul(a: Value, b: Value): Value {
    return this.apply('Mul', [a, b], {});
  }
  div(a: Value, b: Value): Value {
    return this.apply('Div', [a, b], {});
  }
  scale(a: Value, factor: number): Value {
    return factor === 1 ? a : this.mul(a, this.scalar(factor));
  }
  unary(
    opType: 'Neg' | 'Exp' | 'Log' | 'Sqrt' | 'Reciprocal' | 'Tanh' | 'Sigmoid' | 'Erf' | 'Sin' | 'Cos' | 'Relu' | 'Abs',
    a: Value,
  ): Value {
    return this.apply(opType, [a], {});
  }
  where(condition: Value, a: Value, b: Value): Value {
    return this.apply('Where', [condition, a, b], {});
  }
  compare(opType: 'Equal' | 'Less' | 'Greater' | 'And', a: Value, b: Value): Value {
    return this.apply(opType, [a, b], {});
  }
  not(a: Value): Value {
    return this.apply('Not', [a], {});
  }
  cast(a: Value, to: ElementType): Value {
    return a.type === to ? a : this.apply('Cast', [a], { to });
  }
  matMul(a: Value, b: Value): Value {
    return this.apply('MatMul', [a, b], {});
  }
  gemm(a: Value, b: Value, attributes: Attributes['Gemm']): Value {
    return this.apply('Gemm', [a, b], attributes);
  }
  /** A transposition of a transposition is one of the original, or the original itself. */
  transpose(a: Value, perm: readonly number[]): Value {
    if (perm.every((axis, i) => axis === i)) return a;
    const node = this.producers.get(a);
    if (node === undefined || !isTransposition(node)) return this.apply('Transpose', [a], { perm });
    return this.transpose(
      node.inputs[0]!,
      perm.map((axis) => node.attributes.perm[axis]!),
    );
  }
  /** Swaps the last two axes. */
  transposeLast(a: Value): Value {
    const rank = a.shape.length;
    return this.transpose(
      a,
      [...a.shape.keys()].map((axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis)),
    );
  }
  reshape(a: Value, shape: Shape): Value {
    return a.shape.length === shape.length && a.shape.every((extent, i) => extent === shape[i])
      ? a
      : this.apply('Reshape', [a], { shape });
  }
  expand(a: Value, shape: Shape): Value {
    return a.shape.length === shape.length && a.shape.every((extent, i) => extent === shape[i])
      ? a
      : this.apply('Expand', [a], { shape });
  }
  reduceSum(a: Value, axes: readonly number[], keepDims: 'keep' | 'drop'): Value {
    return axes.length === 0 ? a : this.apply('ReduceSum', [a], { axes, keepDims });
  }
  reduceMean(a: Value, axes: readonly number[], keepDims: 'keep' | 'drop'): Value {
    return axes.length === 0 ? a : this.apply('ReduceMean', [a], { axes, keepDims });
  }
  reduceMax(a: Value, axes: readonly number[], keepDims: 'keep' | 'drop'): Value {
    return axes.length === 0 ? a : this.apply('ReduceMax', [a], { axes, keepDims });
  }
  reduceLogSumExp(a: Value, axis: number): Value {
    return this.apply('ReduceLogSumExp', [a], { axis });
  }
  softmax(a: Value, axis: number): Value {
    return this.apply('Softmax', [a], { axis });
  }
  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0]! : this.apply('Concat', values, { axis });
  }
  slice(a: Value, axis: number, start: number, end: number): Value {
    return start === 0 && end === a.shape[axis] ? a : this.apply('Slice', [a], { axis, start, end });
  }
  pad(a: Value, axis: number, before: number, after: number): Value {
    return before === 0 && after === 0 ? a : this.apply('Pad', [a], { axis, before, after });
  }
  gatherRows(data: Value, indices: Value): Value {
    return this.apply('GatherRows', [data, indices], {});
  }
  scatterAddRows(indices: Value, updates: Value, rows: number): Value {
    return this.apply('ScatterAddRows', [indices, updates], { rows });
  }
  gatherElements(data: Value, indices: Value, axis: number): Value {
    return this.apply('GatherElements', [data, indices], { axis });
  }
  scatterAddElements(indices: Value, updates: Value, axis: number, extent: number): Value {
    return this.apply('ScatterAddElements', [indices, updates], { axis, extent });
  }
  argMax(a: Value, axis: number): Value {
    return this.apply('ArgMax', [a], { axis });
  }
  identity(a: Value): Value {
    return this.apply('Identity', [a], {});
  }
  stopGradient(a: Value): Value {
    return this.apply('StopGradient', [a], {});
  }

  private intern(key: string, make: () => Value): Value {
    const known = this.interned.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.interned.set(key, value);
    return value;
  }

  private source(name: string, type: ValueType, source: Source): Value {
    const value = this.value(name, type);
    this.sources.set(value, source);
    return value;
  }

  private value(name: string, { type, shape }: ValueType): Value {
    if (this.names.has(name)) throw internalError(`two values are named ${name}`);
    this.names.add(name);
    const value: Value = { id: this.nextId, name, type, shape };
    this.nextId += 1;
    return value;
  }
}
