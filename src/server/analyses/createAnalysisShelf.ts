import type { AnalysisRecord, KeptAnalysis } from '../../protocol/editor';
import { isJsonObject } from '../../protocol/json';
import { createKeptRecords, newRecordId } from '../keptRecords';

type RecordOf<K extends KeptAnalysis> = Extract<AnalysisRecord, { kind: K }>;

/** Probes and proposals of this workspace, newest last, and which of each is shown beside the rows. */
export interface AnalysisShelf {
  list(): readonly AnalysisRecord[];
  read(id: string): AnalysisRecord | undefined;
  /** Keeps a result and shows it. */
  add<K extends KeptAnalysis>(record: Omit<RecordOf<K>, 'id'> & { readonly kind: K }): Promise<AnalysisRecord>;
  /** null: nothing of this kind is shown. */
  show(kind: KeptAnalysis, id: string | null): void;
  /** The one that is shown: the newest where none was chosen. */
  shown<K extends KeptAnalysis>(kind: K): RecordOf<K> | undefined;
  /** Calls whenever another one is shown, or none. */
  onChange(listener: () => void): void;
}

/** @param storeFolder where the workspace keeps its store now */
export function createAnalysisShelf(storeFolder: () => string): AnalysisShelf {
  const records = createKeptRecords<AnalysisRecord>(storeFolder, (value) =>
    (value.kind === 'probe' || value.kind === 'pruning') && isJsonObject(value.result)
      ? (value as unknown as AnalysisRecord)
      : undefined,
  );
  const chosen = new Map<KeptAnalysis, string | null>();
  const listeners: (() => void)[] = [];
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const list = (): readonly AnalysisRecord[] => [...records.all().values()].sort((a, b) => a.when - b.when);
  return {
    list,
    read: (id) => records.all().get(id),
    add: async (partial) => {
      const record = { ...partial, id: newRecordId(partial.when) } as unknown as AnalysisRecord;
      await records.keep(record);
      chosen.set(record.kind, record.id);
      tell();
      return record;
    },
    show: (kind, id) => {
      chosen.set(kind, id);
      tell();
    },
    onChange: (listener) => void listeners.push(listener),
    shown: <K extends KeptAnalysis>(kind: K) => {
      const id = chosen.get(kind);
      if (id === null) return undefined;
      const found = id === undefined ? list().findLast((record) => record.kind === kind) : records.all().get(id);
      return found?.kind === kind ? (found as RecordOf<K>) : undefined;
    },
  };
}
