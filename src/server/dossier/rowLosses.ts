import { isJsonObject, type JsonValue } from '../../protocol/json';
import { keepTrace, readKeptTrace } from '../../store/keptTraces';

/** Losses of rows by their hash: nats a trained token. */
export interface RowLosses {
  readonly base: ReadonlyMap<string, number>;
  readonly tuned: ReadonlyMap<string, number>;
}

const lossesId = 'row-losses';

/** Losses that a job computed; none where no job did. */
export function readRowLosses(storeFolder: string): RowLosses {
  const kept = readKeptTrace(storeFolder, lossesId);
  return { base: mapOf(kept?.base), tuned: mapOf(kept?.tuned) };
}

/** Adds losses to those that are kept; of a row that is there the new one counts. @throws UserError `write-failed` */
export async function keepRowLosses(storeFolder: string, added: RowLosses): Promise<void> {
  const before = readRowLosses(storeFolder);
  await keepTrace(storeFolder, lossesId, {
    base: Object.fromEntries([...before.base, ...added.base]),
    tuned: Object.fromEntries([...before.tuned, ...added.tuned]),
  });
}

function mapOf(value: JsonValue | undefined): ReadonlyMap<string, number> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}
