import type { ActiveFinding, RowVerdict, TraceRecord, TraceSummary } from '../../protocol/editorFindings';
import type { TraceDocument, TracedQuery } from '../../protocol/influence';
import { isJsonObject } from '../../protocol/json';
import { createKeptRecords, newRecordId } from '../keptRecords';

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

interface KeptVerdicts {
  readonly id: string;
  readonly verdicts: Readonly<Record<string, RowVerdict>>;
}

/** @param storeFolder where the workspace keeps its store now */
export function createTraceShelf(storeFolder: () => string): TraceShelf {
  const records = createKeptRecords<TraceRecord>(storeFolder, (value) =>
    Array.isArray(value.documents) ? (value as unknown as TraceRecord) : undefined,
  );
  const verdicts = createKeptRecords<KeptVerdicts>(storeFolder, (value) =>
    isJsonObject(value.verdicts) ? (value as unknown as KeptVerdicts) : undefined,
  );
  let active: ActiveFinding | null = null;
  const verdictTable = (): KeptVerdicts['verdicts'] => verdicts.all().get(verdictsId)?.verdicts ?? {};

  return {
    list: () => [...records.all().values()].sort((a, b) => a.when - b.when).map(summaryOf),
    read: (id) => records.all().get(id),
    add: async (partial) => {
      const record = { ...partial, id: newRecordId(partial.when) };
      await records.keep(record);
      return record;
    },
    replace: (record) => records.keep(record),
    activate: (next) => {
      active = next;
    },
    shown: () => {
      const record = active === null ? undefined : records.all().get(active.trace);
      const document = record?.documents.find(({ method }) => method === active?.method) ?? record?.documents[0];
      const query = document?.queries[active?.query ?? 0];
      if (active === null || record === undefined || document === undefined || query === undefined) return undefined;
      return { active, record, document, query };
    },
    verdictOf: (hash) => {
      const table = verdictTable();
      return (Object.hasOwn(table, hash) ? table[hash] : undefined) ?? 'none';
    },
    setVerdict: async (hash, verdict) => {
      const others = Object.entries(verdictTable()).filter(([other]) => other !== hash);
      const own = verdict === 'none' ? [] : [[hash, verdict] as const];
      await verdicts.keep({ id: verdictsId, verdicts: Object.fromEntries([...others, ...own]) });
    },
  };
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
