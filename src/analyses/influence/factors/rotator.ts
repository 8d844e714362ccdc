import { GraphBuilder } from '../../../graph/builder';
import { encode } from '../../../graph/encode';
import type { Value } from '../../../graph/ir';
import { internalError } from '../../../protocol/errors';
import { openSession, type Session } from '../../../runtime/openSession';
import { weightsRoot } from '../../../runtime/weightsRoot';
import type { ComputePlace } from '../../openModelSession';
import type { Columns } from '../gradients/columns';
import type { ModuleFactors } from './factors';

/** Linear maps of gradient vectors between the parameters' basis and the eigenbasis, a block of vectors at a time. */
export interface Rotator {
  /** Vectors of one run; fewer are padded with zeros. */
  readonly block: number;
  /** Q_S^T D Q_A of each vector. @param vectors [n, width], n <= block; @returns [block, width] */
  toEigenbasis(vectors: Float32Array): Promise<Float32Array>;
  /** Q_S D Q_A^T. */
  fromEigenbasis(vectors: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

type Direction = 'to' | 'from';

/** Rotates by products of the runtime: the bases are fed, so that one graph serves every module. */
export async function createRotator(
  columns: Columns,
  modules: readonly ModuleFactors[],
  block: number,
  place: ComputePlace,
): Promise<Rotator> {
  const bases = basesOf(columns, modules);
  const sessions = new Map<Direction, Promise<Session>>();
  const run = async (direction: Direction, vectors: Float32Array): Promise<Float32Array> => {
    if (vectors.length % columns.width !== 0 || vectors.length > block * columns.width)
      throw internalError(`${vectors.length} values are no block of vectors`);
    let padded = vectors;
    if (vectors.length < block * columns.width) {
      padded = new Float32Array(block * columns.width);
      padded.set(vectors);
    }
    if (!sessions.has(direction)) sessions.set(direction, openRotation(direction, columns, bases.names, block, place));
    const session = await sessions.get(direction)!;
    const { rotated } = await session.run({ vectors: padded, ...bases.feeds });
    return rotated as Float32Array;
  };
  return {
    block,
    toEigenbasis: (vectors) => run('to', vectors),
    fromEigenbasis: (vectors) => run('from', vectors),
    release: async () => {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

interface BaseNames {
  readonly input: string;
  readonly output: string;
}

/** Bases that modules share are fed once. */
function basesOf({ list }: Columns, modules: readonly ModuleFactors[]) {
  const known = new Map<Float32Array, string>();
  const feeds: Record<string, Float32Array> = {};
  const nameOf = (vectors: Float32Array): string => {
    const name = known.get(vectors) ?? `basis ${known.size}`;
    known.set(vectors, name);
    feeds[name] = vectors;
    return name;
  };
  const names = list.map(
    (_, i): BaseNames => ({ input: nameOf(modules[i]!.input.vectors), output: nameOf(modules[i]!.output.vectors) }),
  );
  return { names, feeds };
}

function openRotation(
  direction: Direction,
  columns: Columns,
  names: readonly BaseNames[],
  block: number,
  place: ComputePlace,
): Promise<Session> {
  const builder = new GraphBuilder();
  const inputs = new Map<string, Value>();
  const basis = (name: string, size: number): Value => {
    const value = inputs.get(name) ?? builder.input(name, 'float32', [size, size]);
    inputs.set(name, value);
    return value;
  };
  const vectors = builder.input('vectors', 'float32', [block, columns.width]);
  const parts = columns.list.map(({ inputSize, outputSize, offset, size }, i) => {
    const qa = basis(names[i]!.input, inputSize);
    const qs = basis(names[i]!.output, outputSize);
    const matrix = builder.slice(vectors, 1, offset, offset + size);
    const right = builder.gemm(builder.reshape(matrix, [block * outputSize, inputSize]), qa, {
      transA: 'no',
      transB: direction === 'to' ? 'yes' : 'no',
    });
    const left = direction === 'to' ? qs : builder.transpose(qs, [1, 0]);
    const rotated = builder.matMul(left, builder.reshape(right, [block, outputSize, inputSize]));
    return builder.reshape(rotated, [block, size]);
  });
  const graph = builder.finish([{ name: 'rotated', value: builder.concat(parts, 1) }]);
  const encoded = encode(graph, (parameter) => {
    throw internalError(`a rotation has no parameter ${parameter}`);
  });
  return openSession(encoded, {
    ...place,
    weightsFolder: weightsRoot([]).folder,
    weights: 'mapped',
    workspace: 'returned',
    profile: 'off',
  });
}
