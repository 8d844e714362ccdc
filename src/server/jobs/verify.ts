import { recordLineage } from '../../jobs/recordLineage';
import { inputError, internalError } from '../../protocol/errors';
import type { QuerySource, TracedQuery } from '../../protocol/influence';
import type { VerifyOutcome, VerifyRequest } from '../../protocol/verification';
import type { EditorJobRule } from './editorJob';
import { subjectOf } from './subjectOf';
import { workspaceBehaviours } from './test';

const defaults = { damping: 0.1, batchSize: 8 };

/** Trains again without rows: predicted against actual change, beside random and BM25's removals. */
export const verifyJob: EditorJobRule<'verify'> = {
  title: ({ removal }) =>
    removal.kind === 'top'
      ? `Verify: retrain without the top ${removal.count} rows`
      : removal.kind === 'group'
        ? 'Verify: retrain without the first group'
        : `Verify: retrain without ${removal.rows.length} rows`,
  run: async ({ trace, query, removal, randomRemovals, tests }, tools) => {
    const record = tools.traces.read(trace);
    const traced = record?.documents[0]?.queries[query];
    if (record === undefined || traced === undefined)
      throw inputError('trace-unknown', 'That trace is not kept any more.', 'Trace the behaviour again.');
    const request: VerifyRequest = {
      kind: 'verify',
      ...subjectOf(record.modelName, tools),
      queries: oneQuery(record.source, traced, query),
      method: record.documents[0]!.method,
      removal,
      damping: defaults.damping,
      layer: null,
      seed: 0,
      randomRemovals,
      reshuffleSeeds: [],
      tests: tests === 'none' ? [] : await workspaceBehaviours(tools.workspace),
      testing: { template: 'chat', maxTokens: tools.settings.maxTokens, batchSize: defaults.batchSize },
      stage: 'run',
    };
    const { result, seconds } = await tools.run(request, () => undefined);
    if (result.kind !== 'outcome') throw internalError('a verification that was run gave a plan');
    await recordLineage(request, { seconds, signRight: result.summary.removals.sign.estimate }, tools.warn);
    return { result: { kind: 'verify', result, trace, query }, outcome: outcomeOf(result) };
  },
};

/** The one query of a source that is verified. */
function oneQuery(source: QuerySource, traced: TracedQuery, index: number): QuerySource {
  if (source.kind === 'file') return { ...source, ids: [traced.id] };
  if (source.kind === 'inline') return { ...source, queries: [source.queries[index]!] };
  // What the model answered then is what is verified now, whatever it would answer today.
  const prompt = source.prompts[index]!;
  const { completion } = traced;
  const answered = Array.isArray(prompt.messages)
    ? { messages: [...prompt.messages, { role: 'assistant', content: completion }] }
    : { completion };
  return { kind: 'inline', queries: [{ ...prompt, ...answered }] };
}

function outcomeOf({ queries }: VerifyOutcome): string {
  const [first] = queries;
  if (first === undefined) return 'nothing was verified';
  const beyond =
    first.beyondRandom === null
      ? ''
      : first.beyondRandom
        ? ', beyond every random removal'
        : ', within random removals';
  return `${(-first.outcome.actual).toFixed(2)} nats without the rows${beyond}`;
}
