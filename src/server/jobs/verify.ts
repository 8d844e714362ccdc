import { recordLineage } from '../../jobs/recordLineage';
import type { Say } from '../../protocol/display/serverText';
import { inputError, internalError } from '../../protocol/errors';
import type { QuerySource, TracedQuery } from '../../protocol/influence';
import type { VerifyOutcome, VerifyRequest } from '../../protocol/verification';
import type { EditorJobRule } from './editorJob';
import { subjectOf } from './subjectOf';
import { workspaceBehaviours } from './test';

const defaults = { damping: 0.1, batchSize: 8 };

/** Trains again without rows: predicted against actual change, beside random and BM25's removals. */
export const verifyJob: EditorJobRule<'verify'> = {
  title: ({ removal }, say) =>
    removal.kind === 'top'
      ? say('job.verifyTop', { count: removal.count })
      : removal.kind === 'group'
        ? say('job.verifyGroup')
        : say('job.verifyRows', { count: removal.rows.length }),
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
    return { result: { kind: 'verify', result, trace, query }, outcome: outcomeOf(result, tools.say) };
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

function outcomeOf({ queries: [first] }: VerifyOutcome, say: Say): string {
  if (first === undefined) return say('done.nothingVerified');
  const nats = (-first.outcome.actual).toFixed(2);
  if (first.beyondRandom === null) return say('done.verified', { nats });
  return first.beyondRandom ? say('done.verifiedBeyond', { nats }) : say('done.verifiedWithin', { nats });
}
