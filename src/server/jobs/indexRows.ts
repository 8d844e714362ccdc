import { recordLineage } from '../../jobs/recordLineage';
import { costText } from '../../protocol/display/findingTexts';
import type { PredictedCost } from '../../protocol/influence';
import type { EditorJobRule } from './editorJob';
import { subjectOf } from './subjectOf';

/** Gradients of every row, so that a trace need not compute them. */
export const indexJob: EditorJobRule<'index'> = {
  title: ({ model }, say) => say('job.index', { model: model ?? say('job.defaultModel') }),
  run: async ({ model }, tools) => {
    const request = {
      kind: 'index',
      ...subjectOf(model, tools),
      shard: { part: 0, of: 1 },
      action: 'compute',
    } as const;
    const { result, seconds } = await tools.run(request, (event) => {
      const cost = event as PredictedCost;
      if (cost.kind === 'predictedCost') tools.announceCost(costText(cost, tools.say));
    });
    const { rows, computed } = result;
    await recordLineage(request, { seconds, rows, computed }, tools.warn);
    return { result: { kind: 'index', rows, computed }, outcome: tools.say('done.index', { rows, computed }) };
  },
};
