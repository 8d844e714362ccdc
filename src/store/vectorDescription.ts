import { createHash } from 'node:crypto';
import { canonicalJson } from '../data/hash';
import { internalError } from '../protocol/errors';
import type { JsonObject } from '../protocol/json';

export type VectorKind = 'gradients' | 'projections' | 'states';
export type VectorElement = 'float16' | 'float32';

/** One part of every vector, e.g. the gradient of one module. */
export interface VectorColumn {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What an index holds. Vectors of equal description and equal `encodingHash` are the same vector. */
export interface VectorIndexDescription {
  readonly kind: VectorKind;
  /** Hash of the model (checkpoint and adapter) that the vectors were computed with. */
  readonly modelHash: string;
  /** Everything else that the vectors depend on. */
  readonly settings: JsonObject;
  /** How vectors are stored; float16 with one scale a row. */
  readonly element: VectorElement;
  /** Parts of the vector, in order. */
  readonly columns: readonly VectorColumn[];
  /** Names of float32 numbers kept beside each vector. */
  readonly scalars: readonly string[];
}

/** Elements of one vector: the sum over columns. */
export function widthOf({ columns }: Pick<VectorIndexDescription, 'columns'>): number {
  return columns.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
}

/** Where each column begins in a vector. */
export function columnOffsets({ columns }: Pick<VectorIndexDescription, 'columns'>): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  let at = 0;
  for (const column of columns) {
    offsets.set(column.name, at);
    at += widthOf({ columns: [column] });
  }
  return offsets;
}

export function descriptionJson(description: VectorIndexDescription): JsonObject {
  const { kind, modelHash, settings, element, columns, scalars } = description;
  return {
    kind,
    modelHash,
    settings,
    element,
    columns: columns.map(({ name, shape }) => ({ name, shape: [...shape] })),
    scalars: [...scalars],
  };
}

/** Hex: the name of the index's folder. */
export function descriptionHash(description: VectorIndexDescription): string {
  const width = widthOf(description);
  if (!Number.isSafeInteger(width) || width < 1) throw internalError(`vectors of ${width} elements cannot be stored`);
  return createHash('sha256')
    .update(canonicalJson(descriptionJson(description)))
    .digest('hex')
    .slice(0, 40);
}

/** Bytes that one row takes on disk. */
export function rowBytes(description: VectorIndexDescription): number {
  const perElement = description.element === 'float16' ? 2 : 4;
  return 32 + widthOf(description) * perElement + 4 + description.scalars.length * 4;
}
