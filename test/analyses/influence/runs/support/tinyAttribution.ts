/** A recorded tiny run as an attribution sees it. */

import { type Attribution, openAttribution } from '../../../../../src/analyses/influence/attribution';
import { modelAt } from '../../../../../src/analyses/influence/runs/modelAt';
import type { EncodedQuery } from '../../../../../src/analyses/measuring/encodeQuery';
import type { TrainingRow } from '../../../../../src/analyses/training/trainingRow';
import type { Evidence } from '../../../../../src/protocol/influence';
import { openArtifacts } from '../../../../../src/store/artifacts';
import { openVectorIndex } from '../../../../../src/store/openVectorIndex';
import { defaultStoreSettings } from '../../../../../src/store/storeFolder';
import { temporaryFolder } from '../../../../support/temporaryFolder';
import { openTinyLlama, readFixtureRows, readReference } from '../../../training/support/tinyRun';
import { type Method, recordTinyRun, settingRecipe, type TinyRecordedRun } from '../../exact/support/tinyRecordedRun';
import { contextOf, fullModel, loraModel } from '../../support';

export interface TinyAttribution {
  readonly attribution: Attribution;
  readonly recorded: TinyRecordedRun;
  readonly queries: readonly EncodedQuery[];
}

/** The fixture's rows, attributed at the end of the run (AdamW with warm-up) that trained them. */
export async function tinyAttribution(
  method: Method,
  evidence: Evidence | 'noRun',
  changeRows: (rows: readonly TrainingRow[]) => readonly TrainingRow[] = (rows) => rows,
): Promise<TinyAttribution> {
  const tiny = await openTinyLlama();
  const { rows, queries } = readFixtureRows();
  const { influence_through_training: settings } = readReference(method);
  const recorded = await recordTinyRun(tiny, method, settingRecipe(method, settings.adamw!), {});
  const opened = method === 'full' ? await fullModel() : await loraModel();
  const context = await contextOf(opened);
  const model = modelAt(opened, recorded.run.trainable, recorded.finalValues);
  const store = temporaryFolder('whence-store-');
  const attributed = changeRows(rows).map(({ file, row, line, hash, encoded }) => ({
    ...encoded,
    address: { file, row, line, bytes: undefined },
    hash,
    plain: `row ${row}`,
    completionAt: 0,
    example: { kind: 'plain' as const, text: '', weight: 1 } as never,
  }));
  const attribution = openAttribution(
    attributed,
    {
      tracked: method === 'full' ? 'linear' : 'adapter',
      element: 'float32',
      batchSize: 5,
      seed: 1,
      labels: 'sampled',
      damping: 0.1,
      layers: [0],
      dimensions: 64,
    },
    {
      ...context,
      model,
      modelHash: '0'.repeat(64),
      artifacts: await openArtifacts(store, defaultStoreSettings, () => undefined),
      openIndex: (description) =>
        openVectorIndex(store, description, { ...defaultStoreSettings, assignment: undefined }),
      onProgress: () => undefined,
      run:
        evidence === 'noRun'
          ? undefined
          : {
              evidence,
              open: async () => ({
                run: recorded.run,
                model: { checkpoint: opened.checkpoint, ...tiny, hash: '', reference: '' },
              }),
            },
    },
  );
  return {
    attribution,
    recorded,
    queries: queries.map(
      ({ encoded }, i): EncodedQuery => ({
        id: `q${i}`,
        measurement: 'logprob',
        parts: [{ row: encoded, factor: 1 }],
        row: encoded as never,
        plain: '',
        completionAt: 0,
      }),
    ),
  };
}
