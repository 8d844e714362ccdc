import type { VectorIndex } from '../../../store/openVectorIndex';
import type { VectorIndexDescription } from '../../../store/vectorDescription';
import { type PassContext, planRowPasses } from '../../passes/rowPasses';
import { type IndexedRow, rowsLacking } from '../gradients/storedGradients';
import { computeRowStates, type StateSettings, statePositions } from './rowStates';

/** Rows whose states are computed before they are appended. */
const chunkRows = 2048;

/** The index of mean hidden states. */
export function stateIndexDescription(
  modelHash: string,
  { layers }: StateSettings,
  hiddenSize: number,
): VectorIndexDescription {
  return {
    kind: 'states',
    modelHash,
    settings: { positions: [...statePositions] },
    element: 'float32',
    columns: layers.flatMap((layer) =>
      statePositions.map((position) => ({ name: `layer ${layer}, ${position}`, shape: [hiddenSize] })),
    ),
    scalars: [],
  };
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
