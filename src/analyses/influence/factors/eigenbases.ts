import { symmetricEigen } from '../../../linalg/eigen/symmetricEigen';
import { decomposeMatrices } from '../../../workers/decomposeMatrices';
import type { Columns } from '../gradients/columns';
import type { Eigenbasis, ModuleFactors } from './factors';

/** One side of a module whose factor is decomposed. */
export interface FactorSide {
  readonly side: 'input' | 'output';
  readonly module: string;
  readonly size: number;
}

/** Sum of n^3 from which threads are worth their start. */
const worthThreads = 2e8;

/** The factors of some columns that there are, each once. @param inputOf name of the module that holds each module's A */
export function factorSides({ list }: Pick<Columns, 'list'>, inputOf: ReadonlyMap<string, string>): FactorSide[] {
  return list.flatMap(({ name, inputSize, outputSize }): FactorSide[] => [
    ...(inputOf.get(name) === name ? [{ side: 'input', module: name, size: inputSize } as const] : []),
    { side: 'output', module: name, size: outputSize },
  ]);
}

/** Eigenvectors of every factor by `side module`. */
export type Bases = Map<string, Eigenbasis>;

/**
 * Eigenvectors of symmetric factors, added to `bases`.
 *
 * @param take the factor of a side, asked for once, when its turn comes
 */
export async function decomposeSides(
  sides: readonly FactorSide[],
  take: (side: FactorSide) => Float32Array | Float64Array,
  bases: Bases,
  threads: number,
  onDone: () => void,
): Promise<void> {
  const keep = (side: FactorSide, vectors: Float64Array): void => {
    bases.set(`${side.side} ${side.module}`, { size: side.size, vectors: Float32Array.from(vectors) });
    onDone();
  };
  if (sides.reduce((sum, { size }) => sum + size ** 3, 0) < worthThreads) {
    for (const side of sides) keep(side, symmetricEigen(take(side), side.size).vectors);
    return;
  }
  await decomposeMatrices(
    sides.map(({ size }) => size),
    threads,
    async (index) => take(sides[index]!),
    async (index, { vectors }) => keep(sides[index]!, vectors),
  );
}

/** The bases of every column; those that share an input share its basis. */
export function basesOfModules({ list }: Columns, inputOf: ReadonlyMap<string, string>, bases: Bases): ModuleFactors[] {
  return list.map(({ name }) => ({
    input: bases.get(`input ${inputOf.get(name)!}`)!,
    output: bases.get(`output ${name}`)!,
  }));
}
