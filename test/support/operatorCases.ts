/** Operands for every operator: broadcast, size one, odd and empty shapes. One table for all tests of operators. */
import { GraphBuilder } from '../../src/graph/builder';
import { type ElementType, type Shape, sizeOf, type Value } from '../../src/graph/ir';
import type { Attributes, OpType } from '../../src/graph/operators';
import { type Tensor64, tensor64 } from './interpretFloat64';
import { type Random, seededRandom } from './seededRandom';

/** Where operand values are drawn from; far enough from kinks and poles for finite differences. */
export type Domain =
  | 'real'
  | 'positive'
  /** 0.3 <= |x| <= 1.5 */
  | 'awayFromZero'
  /** No two closer than 0.2 */
  | 'distinct'
  | 'bool'
  /** Three values only, so that comparisons meet equal operands. */
  | 'coarse'
  | { readonly type: 'int64' | 'int32'; readonly below: number };

export interface Operand {
  readonly shape: Shape;
  readonly domain: Domain;
}

export interface OperatorCase<Op extends OpType = OpType> {
  readonly operands: readonly Operand[];
  readonly attributes: Attributes[Op];
}

function operands(domain: Domain, ...shapes: Shape[]): readonly Operand[] {
  return shapes.map((shape) => ({ shape, domain }));
}

function plain(cases: readonly (readonly Operand[])[]) {
  return cases.map((row) => ({ operands: row, attributes: {} }));
}

const pairs: readonly (readonly [Shape, Shape])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [
    [2, 1, 3],
    [5, 1],
  ],
  [[], [2, 3]],
  [[1], [1]],
  [[1, 1, 1], [7]],
  [
    [0, 3],
    [1, 3],
  ],
  [[2, 0], [1]],
];

function binary(left: Domain, right: Domain) {
  return plain(
    pairs.map(([a, b]) => [
      { shape: a, domain: left },
      { shape: b, domain: right },
    ]),
  );
}

function unary(domain: Domain) {
  return plain([[], [1], [7], [2, 3, 1], [0, 3]].map((shape) => operands(domain, shape)));
}

function reductions(domain: Domain, empty: 'overEmptyAxis' | 'besideEmptyAxis') {
  const rows: readonly (readonly [Shape, readonly number[]])[] = [
    [[5], [0]],
    [[1], [0]],
    [[2, 3], [0]],
    [[2, 3], [1]],
    [
      [3, 1, 2],
      [1, 2],
    ],
    [
      [2, 3, 4],
      [0, 2],
    ],
    [
      [2, 3, 2],
      [0, 1, 2],
    ],
    [[0, 3], [1]],
    ...(empty === 'overEmptyAxis' ? ([[[2, 0], [1]]] as const) : []),
  ];
  return rows.flatMap(([shape, axes]) =>
    (['keep', 'drop'] as const).map((keepDims) => ({
      operands: operands(domain, shape),
      attributes: { axes, keepDims },
    })),
  );
}

const alongAxis = (
  [
    [[5], 0],
    [[1, 1], 1],
    [[2, 3], 0],
    [[2, 3, 5], 1],
    [[2, 1, 3], 2],
    [[0, 3], 1],
  ] as const
).map(([shape, axis]) => ({ shape, axis }));

const gemmExtents = [
  [2, 3, 5],
  [1, 1, 1],
  [1, 4, 3],
  [3, 1, 2],
  [0, 2, 3],
  [2, 3, 0],
] as const;

const index = (below: number, shape: Shape, type: 'int64' | 'int32' = 'int64'): Operand => ({
  shape,
  domain: { type, below },
});
const real = (...shape: number[]): Operand => ({ shape, domain: 'real' });

export const operatorCases: { readonly [Op in OpType]: readonly OperatorCase<Op>[] } = {
  Add: binary('real', 'real'),
  Sub: binary('real', 'real'),
  Mul: binary('real', 'real'),
  Div: binary('real', 'awayFromZero'),
  Neg: unary('real'),
  Exp: unary('real'),
  Log: unary('positive'),
  Sqrt: unary('positive'),
  Reciprocal: unary('awayFromZero'),
  Tanh: unary('real'),
  Sigmoid: unary('real'),
  Erf: unary('real'),
  Sin: unary('real'),
  Cos: unary('real'),
  Relu: unary('awayFromZero'),
  Abs: unary('awayFromZero'),
  Where: plain(
    (
      [
        [
          [2, 3],
          [2, 3],
          [2, 3],
        ],
        [[2, 1], [3], [1, 3]],
        [[3], [2, 3], []],
        [[], [1], [1, 1]],
        [[2, 3], [], [3]],
        [[1, 3], [0, 3], [3]],
      ] as const
    ).map(([condition, a, b]) => [{ shape: condition, domain: 'bool' }, ...operands('real', a, b)]),
  ),
  Equal: binary('coarse', 'coarse'),
  Less: binary('coarse', 'coarse'),
  Greater: binary('coarse', 'coarse'),
  And: binary('bool', 'bool'),
  Not: unary('bool'),
  Cast: [
    { operands: operands('real', [2, 3]), attributes: { to: 'float32' } },
    { operands: operands('awayFromZero', [2, 3]), attributes: { to: 'int64' } },
    { operands: operands('coarse', [5]), attributes: { to: 'bool' } },
    { operands: operands('bool', [1, 3]), attributes: { to: 'float32' } },
    { operands: [index(5, [3])], attributes: { to: 'float32' } },
    { operands: [index(5, [0])], attributes: { to: 'int32' } },
  ],
  MatMul: plain(
    (
      [
        [
          [2, 3],
          [3, 5],
        ],
        [
          [1, 1],
          [1, 1],
        ],
        [
          [4, 2, 3],
          [3, 5],
        ],
        [
          [4, 2, 3],
          [4, 3, 1],
        ],
        [
          [2, 3],
          [4, 3, 5],
        ],
        [
          [2, 1, 2, 3],
          [3, 3, 2],
        ],
        [
          [2, 5, 6],
          [1, 6, 2],
        ],
        [
          [1, 2, 3],
          [5, 3, 2],
        ],
        [
          [0, 2, 3],
          [3, 2],
        ],
        [
          [2, 3],
          [3, 0],
        ],
      ] as const
    ).map(([a, b]) => operands('real', a, b)),
  ),
  Gemm: (['no', 'yes'] as const).flatMap((transA) =>
    (['no', 'yes'] as const).flatMap((transB) =>
      gemmExtents.map(([rows, inner, columns]) => ({
        operands: operands(
          'real',
          transA === 'yes' ? [inner, rows] : [rows, inner],
          transB === 'yes' ? [columns, inner] : [inner, columns],
        ),
        attributes: { transA, transB },
      })),
    ),
  ),
  Transpose: [
    { operands: [real(2, 3)], attributes: { perm: [1, 0] } },
    { operands: [real(2, 3, 5)], attributes: { perm: [2, 0, 1] } },
    { operands: [real(2, 1, 3, 1)], attributes: { perm: [3, 2, 0, 1] } },
    { operands: [real(0, 3)], attributes: { perm: [1, 0] } },
    { operands: [real(1)], attributes: { perm: [0] } },
  ],
  Reshape: [
    { operands: [real(2, 3)], attributes: { shape: [3, 2] } },
    { operands: [real(2, 3, 1)], attributes: { shape: [6] } },
    { operands: [real(1)], attributes: { shape: [] } },
    { operands: [real()], attributes: { shape: [1, 1] } },
    { operands: [real(3, 0)], attributes: { shape: [0, 5] } },
  ],
  Expand: [
    { operands: [real(3)], attributes: { shape: [2, 3] } },
    { operands: [real(2, 1)], attributes: { shape: [2, 5] } },
    { operands: [real()], attributes: { shape: [2, 3] } },
    { operands: [real(1, 3, 1)], attributes: { shape: [2, 3, 5] } },
    { operands: [real(1, 3)], attributes: { shape: [0, 3] } },
    { operands: [real(1)], attributes: { shape: [1] } },
    { operands: [real(0, 1)], attributes: { shape: [0, 3] } },
  ],
  ReduceSum: reductions('real', 'overEmptyAxis'),
  ReduceMean: reductions('real', 'besideEmptyAxis'),
  ReduceMax: reductions('distinct', 'besideEmptyAxis'),
  ReduceLogSumExp: alongAxis.map(({ shape, axis }) => ({ operands: operands('real', shape), attributes: { axis } })),
  Softmax: alongAxis.map(({ shape, axis }) => ({ operands: operands('real', shape), attributes: { axis } })),
  Concat: [
    { operands: [real(2, 3), real(2, 1), real(2, 2)], attributes: { axis: 1 } },
    { operands: [real(1), real(4)], attributes: { axis: 0 } },
    { operands: [real(1), real(1)], attributes: { axis: 0 } },
    { operands: [real(2, 0), real(2, 3)], attributes: { axis: 1 } },
    { operands: [real(0, 3), real(0, 3)], attributes: { axis: 0 } },
    { operands: [real(3, 1, 2)], attributes: { axis: 1 } },
  ],
  Slice: [
    { operands: [real(5)], attributes: { axis: 0, start: 1, end: 4 } },
    { operands: [real(2, 5, 3)], attributes: { axis: 1, start: 0, end: 2 } },
    { operands: [real(2, 3)], attributes: { axis: 1, start: 2, end: 3 } },
    { operands: [real(1, 1)], attributes: { axis: 0, start: 0, end: 1 } },
    { operands: [real(2, 3)], attributes: { axis: 0, start: 1, end: 1 } },
    { operands: [real(0, 3)], attributes: { axis: 1, start: 1, end: 3 } },
  ],
  Pad: [
    { operands: [real(3)], attributes: { axis: 0, before: 1, after: 2 } },
    { operands: [real(2, 3, 1)], attributes: { axis: 1, before: 0, after: 1 } },
    { operands: [real(2, 1)], attributes: { axis: 1, before: 3, after: 0 } },
    { operands: [real(1)], attributes: { axis: 0, before: 1, after: 0 } },
    { operands: [real(0, 2)], attributes: { axis: 0, before: 1, after: 1 } },
  ],
  GatherRows: [
    { operands: [real(4, 3), index(4, [6])], attributes: {} },
    { operands: [real(4, 2, 3), index(4, [2, 3], 'int32')], attributes: {} },
    { operands: [real(5), index(5, [])], attributes: {} },
    { operands: [real(1, 1), index(1, [1])], attributes: {} },
    { operands: [real(4, 3), index(4, [0])], attributes: {} },
    { operands: [real(4, 0), index(4, [2])], attributes: {} },
  ],
  ScatterAddRows: [
    { operands: [index(4, [6]), real(6, 3)], attributes: { rows: 4 } },
    { operands: [index(4, [2, 3]), real(2, 3, 5)], attributes: { rows: 4 } },
    { operands: [index(5, []), real()], attributes: { rows: 5 } },
    { operands: [index(1, [1]), real(1, 1)], attributes: { rows: 1 } },
    { operands: [index(4, [0]), real(0, 3)], attributes: { rows: 4 } },
  ],
  GatherElements: [
    { operands: [real(2, 5), index(5, [2, 3])], attributes: { axis: 1 } },
    { operands: [real(3, 2, 2), index(3, [4, 2, 2], 'int32')], attributes: { axis: 0 } },
    { operands: [real(1), index(1, [3])], attributes: { axis: 0 } },
    { operands: [real(2, 5), index(5, [2, 0])], attributes: { axis: 1 } },
    { operands: [real(0, 5), index(5, [0, 3])], attributes: { axis: 1 } },
  ],
  ScatterAddElements: [
    { operands: [index(5, [2, 3]), real(2, 3)], attributes: { axis: 1, extent: 5 } },
    { operands: [index(3, [4, 2, 2]), real(4, 2, 2)], attributes: { axis: 0, extent: 3 } },
    { operands: [index(1, [3]), real(3)], attributes: { axis: 0, extent: 1 } },
    { operands: [index(1, [1]), real(1)], attributes: { axis: 0, extent: 1 } },
    { operands: [index(5, [2, 0]), real(2, 0)], attributes: { axis: 1, extent: 5 } },
  ],
  ArgMax: alongAxis.map(({ shape, axis }) => ({ operands: operands('coarse', shape), attributes: { axis } })),
  Identity: unary('real'),
  StopGradient: unary('real'),
};

export function draw(random: Random, { shape, domain }: Operand): Tensor64 {
  const size = sizeOf(shape);
  const sign = () => (random.uniform() < 0.5 ? -1 : 1);
  const one = (): number => {
    if (typeof domain === 'object') return Math.floor(random.uniform() * domain.below);
    if (domain === 'bool') return Number(random.uniform() < 0.5);
    if (domain === 'coarse') return Math.floor(random.uniform() * 3) - 1;
    if (domain === 'positive') return 0.5 + 1.5 * random.uniform();
    if (domain === 'awayFromZero') return sign() * (0.3 + 1.2 * random.uniform());
    return random.normal();
  };
  if (domain !== 'distinct') return tensor64(shape, Array.from({ length: size }, one));
  const spread = Array.from({ length: size }, (_, i) => (i - size / 2) * 0.3 + 0.05 * random.uniform());
  return tensor64(shape, random.shuffled(spread));
}

export function elementType(domain: Domain): ElementType {
  if (typeof domain === 'object') return domain.type;
  return domain === 'bool' ? 'bool' : 'float32';
}

/** The graph of one operator, with its operands as inputs `x0`, `x1`, … and values for them. */
export interface OperatorGraph {
  readonly builder: GraphBuilder;
  readonly inputs: readonly Value[];
  readonly output: Value;
  readonly feeds: Readonly<Record<string, Tensor64>>;
}

export function operatorGraph<Op extends OpType>(opType: Op, row: OperatorCase<Op>, seed: number): OperatorGraph {
  const random = seededRandom(seed);
  const builder = new GraphBuilder();
  const inputs = row.operands.map(({ shape, domain }, i) => builder.input(`x${i}`, elementType(domain), shape));
  const feeds = Object.fromEntries(row.operands.map((operand, i) => [`x${i}`, draw(random, operand)]));
  return { builder, inputs, output: builder.apply(opType, inputs, row.attributes), feeds };
}

/** Every operator with its cases, and a name to call each by. */
export function allOperatorCases(): readonly { opType: OpType; row: OperatorCase; name: string }[] {
  return (Object.keys(operatorCases) as OpType[]).flatMap((opType) =>
    operatorCases[opType].map((row) => ({
      opType,
      row,
      name: `${opType}(${row.operands.map(({ shape }) => `[${shape}]`).join(', ')}) ${JSON.stringify(row.attributes)}`,
    })),
  );
}
