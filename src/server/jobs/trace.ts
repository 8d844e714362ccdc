import { recordLineage } from '../../jobs/recordLineage';
import { costText } from '../../protocol/display/findingTexts';
import type { Say } from '../../protocol/display/serverText';
import type { TraceRecord } from '../../protocol/editorFindings';
import type { InfluenceSubject, PredictedCost, QuerySource, TraceMethod, TraceRequest } from '../../protocol/influence';
import type { EditorJobRule, EditorJobTools } from './editorJob';
import { querySourceOf } from './querySource';
import { shortText } from './shortText';
import { subjectOf } from './subjectOf';

/** What a trace of the editor uses where nothing else is said: those of `whence trace`, with every row listed. */
const defaults = { damping: 0.1, tokenRows: 'affordable', controls: 24, methods: ['auto', 'bm25'] } as const;

/** Rows that cause a behaviour; the record is kept, and its id is the result. */
export const traceJob: EditorJobRule<'trace'> = {
  title: ({ behaviour }, say) => say('job.trace', { behaviour: behaviourName(behaviour, say) }),
  run: async ({ model, behaviour, methods, rank }, tools) => {
    const source = await querySourceOf(behaviour, tools.workspace, tools.settings.maxTokens);
    const chosen = methods.length === 0 ? defaults.methods : methods;
    const record = await tools.traces.add(await runTrace({ model, source, methods: chosen, rank }, tools));
    return { result: { kind: 'trace', trace: record.id }, outcome: outcomeOf(record, tools.say) };
  },
};

export interface TraceChoices {
  readonly model: string | null;
  readonly source: QuerySource;
  readonly methods: readonly TraceMethod[];
  readonly rank: TraceRequest['rank'];
}

/** Runs a trace and makes its record, which is not kept yet. */
export async function runTrace(choices: TraceChoices, tools: EditorJobTools): Promise<Omit<TraceRecord, 'id'>> {
  const subject: InfluenceSubject = subjectOf(choices.model, tools);
  const request: TraceRequest = {
    kind: 'trace',
    ...subject,
    queries: choices.source,
    methods: choices.methods,
    rows: 'all',
    damping: defaults.damping,
    layer: null,
    tokenRows: defaults.tokenRows,
    controls: defaults.controls,
    rank: choices.rank,
  };
  const { result, device, seconds } = await tools.run(request, (event) => {
    const cost = event as PredictedCost;
    if (cost.kind === 'predictedCost') tools.announceCost(costText(cost, tools.say));
  });
  const [first] = result.documents;
  const verdicts = first?.queries.map(({ verdict }) => verdict) ?? [];
  await recordLineage(request, { seconds, queries: verdicts.length, verdicts }, tools.warn);
  const prompts = first?.queries.map(({ prompt }) => prompt) ?? [];
  return {
    title: prompts.length === 1 ? shortText(prompts[0]!) : `${prompts.length} queries`,
    when: Date.now(),
    model: result.model,
    documents: result.documents.map((document) => ({
      ...document,
      warnings: [...result.warnings, ...document.warnings],
    })),
    device: device?.device ?? null,
    seconds,
    modelName: choices.model,
    source: choices.source,
  };
}

/** One line for people. */
export function outcomeOf({ documents: [first] }: TraceRecord, say: Say): string {
  const queries = first?.queries ?? [];
  const standing = queries.filter(({ verdict }) => verdict === 'rowsStandOut').length;
  const count = queries.reduce((sum, { rows }) => sum + rows.filter(({ aboveNull }) => aboveNull).length, 0);
  if (queries.length !== 1) return say('done.queries', { standing, count: queries.length });
  const { verdict } = queries[0]!;
  return verdict === 'rowsStandOut' ? say('done.rowsStandOut', { count }) : say(`done.${verdict}`);
}

function behaviourName(behaviour: Parameters<typeof traceJob.title>[0]['behaviour'], say: Say): string {
  if (behaviour.kind === 'workspaceQueries') return say('job.allQueries');
  if (behaviour.kind === 'queryLine') return say('job.queryLine', { line: behaviour.line + 1 });
  const { prompt } = behaviour;
  const content = prompt.kind === 'text' ? prompt.text : prompt.messages.at(-1)?.content;
  return shortText(typeof content === 'string' ? content : '');
}
