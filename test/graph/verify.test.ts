import assert from 'node:assert/strict';
import { GraphBuilder } from '../../src/graph/builder';
import type { Graph, Node, Value } from '../../src/graph/ir';
import { verify } from '../../src/graph/verify';

/** y = tanh(x + w), z = y y */
function sound(): { readonly graph: Graph; readonly values: readonly Value[] } {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', [2, 3]);
  const w = builder.weight('w', [3]);
  const sum = builder.add(x, w);
  const y = builder.unary('Tanh', sum);
  const z = builder.mul(y, y);
  return { graph: builder.finish([{ name: 'z', value: z }]), values: [x, w, sum, y, z] };
}

function withNode(graph: Graph, index: number, changes: Partial<Node>): Graph {
  return { ...graph, nodes: graph.nodes.map((node, i) => (i === index ? ({ ...node, ...changes } as Node) : node)) };
}

const broken: readonly [string, RegExp, (graph: Graph, values: readonly Value[]) => Graph][] = [
  [
    'nodes out of order',
    /made before it is used: Tanh_3.* reads Add_2/,
    (graph) => ({ ...graph, nodes: [...graph.nodes].reverse() }),
  ],
  [
    'an output that nothing makes',
    /output z is Mul_4, which nothing makes/,
    (graph) => ({ ...graph, nodes: graph.nodes.slice(0, 2) }),
  ],
  [
    'a node twice',
    /made once: Add_2 is made again/,
    (graph) => ({ ...graph, nodes: [graph.nodes[0]!, ...graph.nodes] }),
  ],
  ['two values of one name', /unique: x is there twice/, (graph, [x]) => withNode(graph, 1, { output: { ...x! } })],
  [
    'a wrong shape',
    /should be float32 \[2, ?3\]/,
    (graph, [, , , y]) => withNode(graph, 1, { output: { ...y!, shape: [3, 2] } }),
  ],
  ['a wrong type', /should be float32/, (graph, [, , , y]) => withNode(graph, 1, { output: { ...y!, type: 'int64' } })],
  [
    'operands that do not fit',
    /do not broadcast/,
    (graph, [x, w]) => withNode(graph, 0, { inputs: [x!, { ...w!, shape: [4] }] }),
  ],
  [
    'a value that nothing uses',
    /every value is used: nothing uses Tanh_3/,
    (graph, [x]) => withNode(graph, 2, { inputs: [x!, x!] }),
  ],
  [
    'an output without a name',
    /Mul_4 has an empty name/,
    (graph, values) => ({ ...graph, outputs: [{ name: '', value: values[4]! }] }),
  ],
  [
    'two outputs of one name',
    /outputs are named.*z is there twice/,
    (graph) => ({ ...graph, outputs: [...graph.outputs, ...graph.outputs] }),
  ],
  [
    'an output named like another value',
    /another value is called x/,
    (graph, values) => ({ ...graph, outputs: [{ name: 'x', value: values[4]! }] }),
  ],
  [
    'a fractional extent',
    /x has shape \[2.5\]/,
    (graph, [x]) => {
      const odd: Value = { ...x!, shape: [2.5] };
      return { ...graph, sources: new Map([...graph.sources, [odd, { kind: 'input' }]]) };
    },
  ],
  [
    'a constant of the wrong size',
    /c \[4\] holds 2 elements/,
    (graph, [x]) => {
      const c: Value = { ...x!, name: 'c', shape: [4] };
      return { ...graph, sources: new Map([...graph.sources, [c, { kind: 'constant', data: new Float32Array(2) }]]) };
    },
  ],
];

describe('verify', () => {
  it('finds nothing in a sound graph', () => {
    assert.deepEqual(verify(sound().graph), []);
  });

  for (const [name, message, damage] of broken) {
    it(`finds ${name}`, () => {
      const { graph, values } = sound();
      assert.match(verify(damage(graph, values)).join('\n'), message);
    });
  }
});
