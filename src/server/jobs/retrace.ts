import { inputError } from '../../protocol/errors';
import type { EditorJobRule } from './editorJob';
import { outcomeOf, runTrace } from './trace';

/** A trace again: rows that did not change are read from the store, so only changed ones are computed. */
export const retraceJob: EditorJobRule<'retrace'> = {
  title: ({ methods, rank }, say) =>
    methods.length > 0
      ? say('job.traceBy', { methods: methods.join(', ') })
      : rank === 'always'
        ? say('job.rankAnyway')
        : say('job.retrace'),
  run: async ({ trace, methods: added, rank }, tools) => {
    const before = tools.traces.read(trace);
    if (before === undefined)
      throw inputError('trace-unknown', 'That trace is not kept any more.', 'Trace the behaviour again.');
    const { modelName, source, documents } = before;
    const methods = [...new Set([...documents.map(({ method }) => method), ...added])];
    const record = {
      ...(await runTrace({ model: modelName, source, methods, rank }, tools)),
      id: trace,
    };
    await tools.traces.replace(record);
    return { result: { kind: 'retrace', trace }, outcome: outcomeOf(record, tools.say) };
  },
};
