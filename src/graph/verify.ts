import { type Graph, type Node, sameShape, sizeOf, type Value } from './ir';
import { inferRules, type OpType } from './operators';
import { describeNode } from './print';

/** What must hold of every graph, each with a check that lists what breaks it. */
const invariants: Readonly<Record<string, (graph: Graph) => readonly string[]>> = {
  'a value is made before it is used': ({ sources, nodes, outputs }) => {
    const known = new Set<Value>(sources.keys());
    const broken: string[] = [];
    for (const node of nodes) {
      for (const input of node.inputs) {
        if (!known.has(input)) broken.push(`${describeNode(node)} reads ${input.name}`);
      }
      known.add(node.output);
    }
    for (const { name, value } of outputs) {
      if (!known.has(value)) broken.push(`output ${name} is ${value.name}, which nothing makes`);
    }
    return broken;
  },

  'a value is made once': ({ sources, nodes }) => {
    const made = new Set<Value>(sources.keys());
    return nodes.flatMap(({ output }) => {
      if (made.has(output)) return [`${output.name} is made again`];
      made.add(output);
      return [];
    });
  },

  'names of values are unique': ({ sources, nodes }) =>
    repeated([...[...sources.keys()].map(({ name }) => name), ...nodes.map(({ output }) => output.name)]),

  'outputs are named, each name once, and not like another value': ({ sources, nodes, outputs }) => {
    const values = new Map<string, Value>();
    for (const value of [...sources.keys(), ...nodes.map(({ output }) => output)]) values.set(value.name, value);
    return [
      ...repeated(outputs.map(({ name }) => name)),
      ...outputs.filter(({ name }) => name === '').map(({ value }) => `${value.name} has an empty name`),
      ...outputs
        .filter(({ name, value }) => values.has(name) && values.get(name) !== value)
        .map(({ name, value }) => `output ${name} is ${value.name}, but another value is called ${name}`),
    ];
  },

  'every value is used': ({ sources, nodes, outputs }) => {
    const used = new Set<Value>([...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(({ value }) => value)]);
    return [...sources.keys(), ...nodes.map(({ output }) => output)]
      .filter((value) => !used.has(value))
      .map(({ name }) => `nothing uses ${name}`);
  },

  'types and shapes are what the operator makes of its inputs': ({ nodes }) => nodes.flatMap(wrongType),

  'extents are non-negative integers': ({ sources, nodes }) =>
    [...sources.keys(), ...nodes.map(({ output }) => output)]
      .filter(({ shape }) => !shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      .map(({ name, shape }) => `${name} has shape [${shape}]`),

  'constants hold as many elements as their shape': ({ sources }) =>
    [...sources].flatMap(([{ name, shape }, source]) =>
      source.kind === 'constant' && source.data.length !== sizeOf(shape)
        ? [`${name} [${shape}] holds ${source.data.length} elements`]
        : [],
    ),
};

function repeated(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.flatMap((name) => {
    if (seen.has(name)) return [`${name} is there twice`];
    seen.add(name);
    return [];
  });
}

function wrongType(node: Node): readonly string[] {
  // The table is indexed by the node's own operator, so rule and node agree.
  const infer = inferRules[node.opType] as (typeof inferRules)[OpType & 'Identity'];
  try {
    const { type, shape } = infer(node.inputs, node.attributes as never);
    if (type === node.output.type && sameShape(shape, node.output.shape)) return [];
    return [`${describeNode(node)} should be ${type} [${shape}]`];
  } catch (error) {
    return [`${describeNode(node)}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Violations of the invariants of graphs, readable; none for a graph that `encode` may take. */
export function verify(graph: Graph): readonly string[] {
  return Object.entries(invariants).flatMap(([name, check]) => check(graph).map((broken) => `${name}: ${broken}`));
}
