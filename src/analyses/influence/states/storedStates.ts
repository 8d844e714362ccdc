import type { VectorIndex } from '../../../store/openVectorIndex';
import type { VectorIndexDescription } from '../../../store/vectorDescription';
import { type PassContext, planRowPasses } from '../../passes/rowPasses';
import { type IndexedRow, rowsLacking } from '../gradients/storedGradients';
import { computeRowStates, embeddingLayer, type StateSettings } from './rowStates';

/** Rows whose states are computed before they are appended. */
const chunkRows = 2048;

/** The index of mean hidden states. */
export function stateIndexDescription(
  modelHash: string,
  { groups }: StateSettings,
  hiddenSize: number,
): VectorIndexDescription {
  return {
    kind: 'states',
    modelHash,
    settings: { positions: [...new Set(groups.flatMap(({ places }) => places.map(({ name }) => name)))] },
    element: 'float32',
    columns: groups.flatMap(({ layers, places }) =>
      layers.flatMap((layer) => places.map(({ name }) => ({ name: columnName(layer, name), shape: [hiddenSize] }))),
    ),
    scalars: [],
  };
}

function columnName(layer: number, place: string): string {
  return `${layer === embeddingLayer ? 'embedding' : `layer ${layer}`}, ${place}`;
}

/** Computes and appends the states that the index lacks. @returns number of rows computed */
export async function indexRowStates(
  index: VectorIndex,
  rows: readonly IndexedRow[],
  batchSize: number | null,
  settings: StateSettings,
  context: PassContext,
  onRows: (done: number, total: number) => void,
): Promise<number> {
  const lacking = rowsLacking(index, rows);
  let done = 0;
  for (let start = 0; start < lacking.length; start += chunkRows) {
    const chunk = lacking.slice(start, start + chunkRows);
    const plan = planRowPasses(chunk, batchSize, context.model.config);
    const states = await computeRowStates(chunk, plan, settings, context, (count) => {
      done += count;
      onRows(done, lacking.length);
    });
    await index.append(
      chunk.map(({ encodingHash }) => encodingHash),
      states,
      new Float32Array(0),
    );
  }
  await index.finish();
  return lacking.length;
}
