import type { JsonObject } from '../../protocol/json';
import { isJsonObject } from '../../protocol/json';
import type { Artifacts } from '../../store/artifacts';
import type { EncodedQuery } from '../measuring/encodeQuery';
import type { RunRecord } from '../training/record/runRecord';
import { type QueryMeter, queryHash } from './queryMeter';
import { type Retrainer, retrainingKey } from './retrainer';
import type { RowChange } from './rowChange';
import { runIdentity } from './runIdentity';

/** Every query after one retraining. */
export interface Measured {
  /** Nats, one a query. */
  readonly values: Float64Array;
  /** Of the retraining, when it was computed. */
  readonly seconds: number;
  /** Whether the retraining ended in the recorded run's values, bit for bit. */
  readonly bits: 'same' | 'different';
  readonly source: 'computed' | 'store';
}

/** What queries measure after retrainings. Known measurements are read, so an experiment that was stopped goes on. */
export interface Experiment {
  readonly queries: readonly EncodedQuery[];
  measure(change: RowChange, onStep: () => void): Promise<Measured>;
  /** Whether `measure` trains nothing. */
  isKnown(change: RowChange): Promise<boolean>;
}

const artifactKind = 'measured';

/**
 * @param meter of these queries
 */
export function openExperiment(
  queries: readonly EncodedQuery[],
  meter: QueryMeter,
  retrainer: Retrainer,
  record: RunRecord,
  artifacts: Artifacts,
): Experiment {
  const runId = runIdentity(record);
  const hashes = queries.map(queryHash);

  const read = async (change: RowChange): Promise<JsonObject> =>
    (await artifacts.readArtifact(artifactKind, retrainingKey(runId, change)))?.metadata ?? {};
  const known = (metadata: JsonObject): Measured | undefined => {
    const values = hashes.map((hash) => (isJsonObject(metadata.values) ? metadata.values[hash] : undefined));
    if (!values.every((value) => typeof value === 'number')) return undefined;
    const bits = metadata.bits === 'same' ? 'same' : 'different';
    return { values: Float64Array.from(values), seconds: Number(metadata.seconds), bits, source: 'store' };
  };

  return {
    queries,
    isKnown: async (change) => known(await read(change)) !== undefined || (await retrainer.isStored(change)),
    async measure(change, onStep) {
      const before = await read(change);
      const found = known(before);
      if (found !== undefined) return found;
      const { values, bits, seconds, source } = await retrainer.retrain(change, onStep);
      const measured = await meter.measure(values);
      const earlier = isJsonObject(before.values) ? before.values : {};
      const all = { ...earlier, ...Object.fromEntries(hashes.map((hash, i) => [hash, measured[i]!])) };
      const key = retrainingKey(runId, change);
      await artifacts.writeArtifact(artifactKind, key, new Map(), { values: all, bits, seconds });
      return { values: measured, bits, seconds, source };
    },
  };
}
