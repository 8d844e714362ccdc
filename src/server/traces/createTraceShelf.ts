import { randomBytes } from 'node:crypto';
import type { ActiveFinding, RowVerdict, TraceRecord, TraceSummary } from '../../protocol/editor';
import type { TraceDocument, TracedQuery } from '../../protocol/influence';
import type { JsonObject } from '../../protocol/json';
import { keepTrace, keptTraceIds, readKeptTrace } from '../../store/keptTraces';

/** The finding that is shown beside the rows. */
export interface ShownFinding {
  readonly active: ActiveFinding;
  readonly record: TraceRecord;
  readonly document: TraceDocument;
  readonly query: TracedQuery;
}

/** Traces of this workspace, newest last, and which finding is shown. */
export interface TraceShelf {
  list(): readonly TraceSummary[];
  read(id: string): TraceRecord | undefined;
  /** Keeps a trace on disk and here. */
  add(record: Omit<TraceRecord, 'id'>): Promise<TraceRecord>;
  /** Puts a trace in the place of one of the same id. */
  replace(record: TraceRecord): Promise<void>;
  activate(active: ActiveFinding | null): void;
  shown(): ShownFinding | undefined;
  verdictOf(hash: string): RowVerdict;
  setVerdict(hash: string, verdict: RowVerdict): Promise<void>;
}

const verdictsId = 'row-verdicts';

/** @param storeFolder where the workspace keeps its store now */
export function createTraceShelf(storeFolder: () => string): TraceShelf {
  const records = new Map<string, TraceRecord>();
  let known: string | undefined;
  let active: ActiveFinding | null = null;
  let verdicts = new Map<string, RowVerdict>();

  /** What lies in the store is read when it is first asked for, and again when the workspace has moved. */
  const load = (): void => {
    const folder = storeFolder();
    if (known === folder) return;
    known = folder;
    records.clear();
    for (const id of keptTraceIds(folder)) {
      const record = id === verdictsId ? undefined : (readKeptTrace(folder, id) as TraceRecord | undefined);
      if (record !== undefined && record.id === id && Array.isArray(record.documents)) records.set(id, record);
    }
    const kept = readKeptTrace(folder, verdictsId) ?? {};
    verdicts = new Map(Object.entries(kept).filter(isVerdict));
  };

  const write = async (record: TraceRecord): Promise<void> => {
    load();
    records.set(record.id, record);
    // What is undefined in a message is absent in a file.
    await keepTrace(storeFolder(), record.id, JSON.parse(JSON.stringify(record)) as JsonObject);
  };

  return {
    list: () => {
      load();
      return [...records.values()].sort((a, b) => a.when - b.when).map(summaryOf);
    },
    read: (id) => {
      load();
      return records.get(id);
    },
    add: async (partial) => {
      const stamp = new Date(partial.when)
        .toISOString()
        .replace(/[^0-9]/g, '')
        .slice(0, 14);
      const record = { ...partial, id: `${stamp}-${randomBytes(4).toString('hex')}` };
      await write(record);
      return record;
    },
    replace: write,
    activate: (next) => {
      active = next;
    },
    shown: () => {
      load();
      const record = active === null ? undefined : records.get(active.trace);
      const document = record?.documents.find(({ method }) => method === active?.method) ?? record?.documents[0];
      const query = document?.queries[active?.query ?? 0];
      if (active === null || record === undefined || document === undefined || query === undefined) return undefined;
      return { active, record, document, query };
    },
    verdictOf: (hash) => {
      load();
      return verdicts.get(hash) ?? 'none';
    },
    setVerdict: async (hash, verdict) => {
      load();
      if (verdict === 'none') verdicts.delete(hash);
      else verdicts.set(hash, verdict);
      await keepTrace(storeFolder(), verdictsId, Object.fromEntries(verdicts));
    },
  };
}

function isVerdict(entry: [string, unknown]): entry is [string, RowVerdict] {
  return entry[1] === 'relevant' || entry[1] === 'notRelevant';
}

function summaryOf({ id, title, when, documents }: TraceRecord): TraceSummary {
  const [first] = documents;
  return {
    id,
    title,
    when,
    methods: documents.map(({ method }) => method),
    queries: (first?.queries ?? []).map((query) => ({ id: query.id, prompt: query.prompt, verdict: query.verdict })),
  };
}
