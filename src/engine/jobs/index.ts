import type { Attribution } from '../../analyses/influence/attribution';
import {
  gradientIndexDescription,
  indexRowGradients,
  rowsLacking,
} from '../../analyses/influence/gradients/storedGradients';
import { projectColumns } from '../../analyses/influence/projected/projectColumns';
import type { IndexRequest, IndexResult, PredictedCost } from '../../protocol/influence';
import { mergeVectorIndex } from '../../store/mergeVectorIndex';
import { openVectorIndex } from '../../store/openVectorIndex';
import { defaultStoreSettings } from '../../store/storeFolder';
import { rowBytes } from '../../store/vectorDescription';
import { shardRange } from '../../store/writerSegment';
import { checkIndex } from '../influenceShapes';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { openSubject } from '../openSubject';
import { predictCost } from '../predictCost';

/** Computes the gradients of a data file's rows that the store lacks, or those of a shard. */
export const index: Job<IndexRequest, IndexResult> = { check: checkIndex, run: buildIndex };

async function buildIndex(request: IndexRequest, context: JobContext): Promise<IndexResult> {
  const subject = await openSubject(request, { damping: 0.1, labels: 'sampled', layer: null }, context);
  const { attribution, identity, coverage, problems, warnings } = subject;
  const { place, rows, settings: indexed } = attribution;
  const vectorsKept = keptVectors(request, attribution);
  const columns = vectorsKept === 'whole' ? attribution.columns : projectColumns(attribution.columns, indexed);
  const description = gradientIndexDescription(place.modelHash, columns, request.index.element);
  const { part, of } = request.shard;
  const assignment = of === 1 ? undefined : { index: part, count: of };
  const settings = { ...defaultStoreSettings, budgetBytes: request.storeBudget, assignment };
  const vectors = await openVectorIndex(request.storeFolder, description, settings);
  let computed = 0;
  if (request.action === 'merge') {
    const hashes = rows.map(({ encodingHash }) => encodingHash);
    await mergeVectorIndex(vectors, request.storeFolder, hashes, settings);
  } else {
    const range = shardRange(rows.length, { index: part, count: of });
    const own = rows.slice(range.from, range.to);
    const lacking = rowsLacking(vectors, own);
    const cost = await predictCost(attribution, columns, 'unused', 0);
    context.event(cost satisfies PredictedCost);
    context.announceMemory({ bytes: cost.memoryBytes + defaultStoreSettings.shardBytes, alternatives: [] });
    context.log('info', `${lacking.length} of ${own.length} rows to compute`);
    computed = await indexRowGradients(vectors, own, request.index.batchSize, columns, place, (done, total) =>
      context.progress({ stage: 'gradients of rows', done, total, unit: 'rows' }),
    );
  }
  return {
    model: identity,
    rows: rows.length,
    computed,
    width: columns.width,
    vectors: vectorsKept,
    bytes: vectors.bytes,
    coverage,
    problems,
    warnings,
  };
}

/** `auto`: whole where the store has room for every row's gradient. */
function keptVectors({ index: { vectors, element }, storeBudget }: IndexRequest, attribution: Attribution) {
  if (vectors !== 'auto') return vectors;
  const { place, columns, rows } = attribution;
  const whole = rowBytes(gradientIndexDescription(place.modelHash, columns, element));
  return whole * rows.length > storeBudget ? 'projected' : 'whole';
}
