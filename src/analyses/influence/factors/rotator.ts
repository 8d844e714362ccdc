import { GraphBuilder } from '../../../graph/builder';
import { encode } from '../../../graph/encode';
import { internalError } from '../../../protocol/errors';
import { openSession, type Session } from '../../../runtime/openSession';
import { weightsRoot } from '../../../runtime/weightsRoot';
import type { ComputePlace } from '../../openModelSession';
import type { Columns } from '../gradients/columns';
import type { ModuleFactors } from './factors';

/** `to`: Q_S^T D Q_A. `from`: Q_S D Q_A^T. */
export type Direction = 'to' | 'from';

/** Linear maps of gradients between the parameters' basis and the eigenbasis. */
export interface Rotator {
  /** Vectors that are best rotated together. */
  readonly block: number;
  /** One module's gradients. @param values [n, out in] of module number `module`; @returns [n, out in] */
  rotateModule(direction: Direction, module: number, values: Float32Array): Promise<Float32Array>;
  /** Q_S^T D Q_A of each vector, module by module. @param vectors [n, width]; @returns [n, width] */
  toEigenbasis(vectors: Float32Array): Promise<Float32Array>;
  /** Q_S D Q_A^T. */
  fromEigenbasis(vectors: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Values of one product at most, so that vectors and results stay small beside the bases. */
const mostValues = 2 ** 23;

/** Rotates by products of the runtime: the bases are fed, so that modules of one shape share a session. */
export async function createRotator(
  { list, width }: Columns,
  modules: readonly ModuleFactors[],
  block: number,
  place: ComputePlace,
): Promise<Rotator> {
  const sessions = new Map<string, Promise<Session>>();
  const sessionOf = (direction: Direction, rows: number, outputSize: number, inputSize: number): Promise<Session> => {
    const key = `${direction} ${rows} ${outputSize} ${inputSize}`;
    const session = sessions.get(key) ?? openRotation(direction, rows, outputSize, inputSize, place);
    sessions.set(key, session);
    return session;
  };

  const rotateModule: Rotator['rotateModule'] = async (direction, module, values) => {
    const { inputSize, outputSize, size } = list[module]!;
    const { input, output } = modules[module]!;
    const count = values.length / size;
    if (!Number.isInteger(count)) throw internalError(`${values.length} values are no gradients of ${size}`);
    const most = Math.max(1, Math.floor(mostValues / size));
    const result = new Float32Array(values.length);
    for (let first = 0; first < count; first += most) {
      const here = Math.min(most, count - first);
      const rows = Math.min(most, 2 ** Math.ceil(Math.log2(here)));
      let vectors = values.subarray(first * size, (first + here) * size);
      if (rows > here) {
        vectors = new Float32Array(rows * size);
        vectors.set(values.subarray(first * size, (first + here) * size));
      }
      const session = await sessionOf(direction, rows, outputSize, inputSize);
      const { rotated } = await session.run({ vectors, input: input.vectors, output: output.vectors });
      result.set((rotated as Float32Array).subarray(0, here * size), first * size);
    }
    return result;
  };

  const rotate = async (direction: Direction, vectors: Float32Array): Promise<Float32Array> => {
    const count = vectors.length / width;
    if (!Number.isInteger(count)) throw internalError(`${vectors.length} values are no block of vectors`);
    const result = new Float32Array(vectors.length);
    for (const [module, { offset, size }] of list.entries()) {
      const part = new Float32Array(count * size);
      for (let i = 0; i < count; i++)
        part.set(vectors.subarray(i * width + offset, i * width + offset + size), i * size);
      const rotated = await rotateModule(direction, module, part);
      for (let i = 0; i < count; i++) result.set(rotated.subarray(i * size, (i + 1) * size), i * width + offset);
    }
    return result;
  };
  return {
    block,
    rotateModule,
    toEigenbasis: (vectors) => rotate('to', vectors),
    fromEigenbasis: (vectors) => rotate('from', vectors),
    release: async () => {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

function openRotation(
  direction: Direction,
  rows: number,
  outputSize: number,
  inputSize: number,
  place: ComputePlace,
): Promise<Session> {
  const builder = new GraphBuilder();
  const vectors = builder.input('vectors', 'float32', [rows, outputSize, inputSize]);
  const qa = builder.input('input', 'float32', [inputSize, inputSize]);
  const qs = builder.input('output', 'float32', [outputSize, outputSize]);
  const right = builder.gemm(builder.reshape(vectors, [rows * outputSize, inputSize]), qa, {
    transA: 'no',
    transB: direction === 'to' ? 'yes' : 'no',
  });
  const left = direction === 'to' ? qs : builder.transpose(qs, [1, 0]);
  const rotated = builder.matMul(left, builder.reshape(right, [rows, outputSize, inputSize]));
  const graph = builder.finish([{ name: 'rotated', value: rotated }]);
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
