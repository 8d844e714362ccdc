import { createHash } from 'node:crypto';
import { canonicalJson } from '../data/hash';
import { internalError } from '../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';

export const vectorKinds = ['gradients', 'projections', 'states'] as const;
export type VectorKind = (typeof vectorKinds)[number];
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

/** A description as a manifest holds it; undefined where it is none. */
export function parseDescription(value: JsonValue | undefined): VectorIndexDescription | undefined {
  if (!isJsonObject(value)) return undefined;
  const { modelHash, settings, columns, scalars } = value;
  const kind = vectorKinds.find((known) => known === value.kind);
  const element = (['float16', 'float32'] as const).find((known) => known === value.element);
  if (kind === undefined || element === undefined || typeof modelHash !== 'string') return undefined;
  if (!isJsonObject(settings) || !Array.isArray(columns) || !isTexts(scalars)) return undefined;
  const parsed: VectorColumn[] = [];
  for (const column of columns as readonly JsonValue[]) {
    if (!isJsonObject(column) || typeof column.name !== 'string' || !isShape(column.shape)) return undefined;
    parsed.push({ name: column.name, shape: column.shape });
  }
  const width = widthOf({ columns: parsed });
  if (!Number.isSafeInteger(width) || width < 1) return undefined;
  return { kind, modelHash, settings, element, columns: parsed, scalars };
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isShape(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
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
