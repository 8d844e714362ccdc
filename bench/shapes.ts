/** The two model shapes that are measured, and how much arithmetic each stage of them is. */
import type { StageName } from './protocol';

export interface BenchShape {
  readonly id: 's8' | 'smollm2';
  readonly title: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly intermediateSize: number;
  readonly ropeTheta: number;
  /** Rows of a batch. */
  readonly batch: number;
  /** Tokens of a row. */
  readonly tokens: number;
}

export const benchShapes: readonly BenchShape[] = [
  {
    id: 's8',
    title: 'S: 8M-parameter Llama shape, random weights',
    vocabularySize: 4096,
    hiddenSize: 256,
    layers: 6,
    heads: 4,
    keyValueHeads: 4,
    headSize: 64,
    intermediateSize: 688,
    ropeTheta: 10000,
    batch: 8,
    tokens: 64,
  },
  {
    id: 'smollm2',
    title: 'R: SmolLM2-135M-Instruct',
    vocabularySize: 49152,
    hiddenSize: 576,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    headSize: 64,
    intermediateSize: 1536,
    ropeTheta: 100000,
    batch: 4,
    tokens: 128,
  },
];

/** Linear layers of one decoder layer as [in, out]; layers in one group read the same input. */
export function linearGroups(shape: BenchShape): readonly (readonly (readonly [number, number])[])[] {
  const { hiddenSize: hidden, intermediateSize: inner } = shape;
  const query = shape.heads * shape.headSize;
  const keyValue = shape.keyValueHeads * shape.headSize;
  return [
    [
      [hidden, query],
      [hidden, keyValue],
      [hidden, keyValue],
    ],
    [[query, hidden]],
    [
      [hidden, inner],
      [hidden, inner],
    ],
    [[inner, hidden]],
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * Floating-point operations that a repeat of the stage cannot do without: matrix products only (a multiplication and an
 * addition each count as one), nothing recomputed, no optimiser, input projections of layers that share an input once.
 * undefined for generation, which is bound by memory.
 *
 * @param projection columns of each of the two projections of a weight gradient
 */
export function stageArithmetic(
  shape: BenchShape,
  stage: StageName,
  projection: number,
  loraRank: number,
): number | undefined {
  const tokens = shape.batch * shape.tokens;
  const layers = linearGroups(shape).flat();
  const linear = shape.layers * sum(layers.map(([input, output]) => input * output));
  const head = shape.vocabularySize * shape.hiddenSize;
  // One pass over the linear layers, the head where a token follows; scores and their mixing of the values, every query
  // with every key.
  const pass = 2 * (linear * tokens + head * (tokens - shape.batch));
  const attention = shape.layers * 4 * tokens * shape.tokens * shape.heads * shape.headSize;
  const backward = 2 * pass + 3 * attention;
  switch (stage) {
    case 'forward':
      return pass + attention;
    case 'forwardBackward':
      return backward;
    case 'projectedGradients': {
      const inputs = sum(linearGroups(shape).map((group) => group[0]![0]));
      const outputs = sum(layers.map(([, output]) => output));
      const products = layers.length * projection * projection;
      return backward + 2 * tokens * shape.layers * (projection * (inputs + outputs) + products);
    }
    case 'loraStep': {
      // q_proj and v_proj; each of the two factors is multiplied by three times: forward, to the input, to the weight.
      const [query, , value] = linearGroups(shape)[0]!;
      const adapted = shape.layers * loraRank * sum([...query!, ...value!]);
      return backward + 6 * tokens * adapted;
    }
    case 'fullStep':
      return 3 * pass + 3 * attention;
    case 'generate':
      return undefined;
  }
}

/** Token ids that both sides use: reproducible, spread over the vocabulary, no two rows alike. */
export function tokenIds(shape: BenchShape, row: number, count: number): number[] {
  return Array.from({ length: count }, (_, t) => (1 + 7919 * (row * 1009 + t) + 31 * t * t) % shape.vocabularySize);
}
