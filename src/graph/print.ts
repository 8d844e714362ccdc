import type { Graph, NamedOutput, Node, Source, Value } from './ir';

/** `MatMul_12: float32 [2, 3] = MatMul(a, b)`, attributes in braces where there are any. */
export function describeNode({ opType, inputs, attributes, output }: Node): string {
  const given = Object.entries(attributes).map(([key, value]) => `${key}: ${describeAttribute(value)}`);
  const braces = given.length === 0 ? '' : ` {${given.join(', ')}}`;
  return `${describeValue(output)} = ${opType}(${inputs.map(({ name }) => name).join(', ')})${braces}`;
}

function describeAttribute(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

function describeValue({ name, type, shape }: Value): string {
  return `${name}: ${type} [${shape.join(', ')}]`;
}

function describeSource(value: Value, source: Source): string {
  if (source.kind !== 'constant') return `${source.kind} ${describeValue(value)}`;
  const shown = Array.from(source.data.subarray(0, 8) as ArrayLike<number | bigint>, String);
  const rest = source.data.length > shown.length ? [...shown, '…'] : shown;
  return `constant ${describeValue(value)} = ${rest.join(' ')}`;
}

function describeOutput({ name, value }: NamedOutput): string {
  return `output ${name} = ${value.name}`;
}

/** A graph as text, one line a source, node and output, in the order in which they are made. */
export function print({ sources, nodes, outputs }: Graph): string {
  const lines = [
    ...[...sources].map(([value, source]) => describeSource(value, source)),
    ...nodes.map(describeNode),
    ...outputs.map(describeOutput),
  ];
  return `${lines.join('\n')}\n`;
}
