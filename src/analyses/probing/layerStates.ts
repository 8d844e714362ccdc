import { rowName } from '../../data/parseRow';
import type { RowAddress } from '../../data/types';
import { inputError, internalError } from '../../protocol/errors';
import type { VectorIndex } from '../../store/openVectorIndex';
import type { VectorIndexDescription } from '../../store/vectorDescription';
import { type IndexedRow, rowsLacking } from '../influence/gradients/storedGradients';
import { embeddingLayer, type StateSettings, stateWidth } from '../influence/states/rowStates';
import { indexRowStates, stateIndexDescription } from '../influence/states/storedStates';
import type { PassContext } from '../passes/rowPasses';
import type { ReadingPlace } from './readingPlaces';

/** A row whose states are read. */
export interface StateRow extends IndexedRow {
  readonly address: RowAddress;
}

/** A model whose states are read, and where they are kept. */
export interface StateSource extends PassContext {
  /** Hash of the model with its adapter. */
  readonly modelHash: string;
  readonly openIndex: (description: VectorIndexDescription) => Promise<VectorIndex>;
}

/** States of the same rows at every layer and place. */
export interface LayerStates {
  readonly hidden: number;
  /** @returns [rows, hidden], the caller's own; layer -1: the embedding */
  read(layer: number, place: number): Float32Array<ArrayBuffer>;
  /** The mean embedding over all tokens that the place has seen. @returns [rows, hidden], the caller's own */
  seen(place: number): Float32Array<ArrayBuffer>;
}

/** All layers at all places, the embedding among them: one pass gives them all. */
export function layerSettings(layers: number, places: readonly ReadingPlace[]): StateSettings {
  const all = Array.from({ length: layers + 1 }, (_, i) => i - 1);
  return {
    groups: [
      { layers: all, places: places.map(({ read }) => read) },
      { layers: [embeddingLayer], places: places.map(({ seen }) => seen) },
    ],
  };
}

/** The index of these states. */
export function openStates(source: StateSource, places: readonly ReadingPlace[]): Promise<VectorIndex> {
  const { config } = source.model;
  const settings = layerSettings(config.layers.length, places);
  return source.openIndex(stateIndexDescription(source.modelHash, settings, config.hiddenSize));
}

/** Rows whose states the index lacks. */
export async function lackingStates<R extends StateRow>(
  source: StateSource,
  rows: readonly R[],
  places: readonly ReadingPlace[],
): Promise<R[]> {
  return rowsLacking(await openStates(source, places), rows);
}

/**
 * States of rows, computed where the store lacks them: one forward pass gives all layers at all places.
 *
 * @throws UserError naming the row whose states are not finite
 */
export async function readLayerStates(
  source: StateSource,
  rows: readonly StateRow[],
  places: readonly ReadingPlace[],
  batchSize: number | null,
  onRows: (done: number, total: number) => void,
): Promise<{ readonly states: LayerStates; readonly computed: number }> {
  const { model } = source;
  const hidden = model.config.hiddenSize;
  const layers = model.config.layers.length;
  const settings = layerSettings(layers, places);
  const index = await openStates(source, places);
  const computed = await indexRowStates(index, rows, batchSize, settings, source, onRows);
  const { data } = await index.load(rows.map(({ encodingHash }) => encodingHash));
  if (!(data instanceof Float32Array)) throw internalError('states are kept as float32');
  const width = stateWidth(settings, hidden);
  requireFinite(data, width, rows, model.label);
  const take = (column: number): Float32Array<ArrayBuffer> => {
    const result = new Float32Array(rows.length * hidden);
    for (let i = 0; i < rows.length; i++) {
      const from = i * width + column * hidden;
      result.set(data.subarray(from, from + hidden), i * hidden);
    }
    return result;
  };
  const states: LayerStates = {
    hidden,
    read: (layer, place) => take((layer + 1) * places.length + place),
    seen: (place) => take((layers + 1) * places.length + place),
  };
  return { states, computed };
}

function requireFinite(data: Float32Array, width: number, rows: readonly StateRow[], label: string): void {
  let at = 0;
  while (at < data.length && Number.isFinite(data[at])) at++;
  if (at === data.length) return;
  throw inputError(
    'states-not-finite',
    `${rowName(rows[Math.floor(at / width)]!.address)}: ${label} computes states of this row that are not finite (NaN or infinite).`,
    'Check config.json against the weights, or leave the row out.',
  );
}
