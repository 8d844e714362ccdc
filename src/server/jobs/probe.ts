import { probeMetrics, probeSettings } from '../../jobs/probeRecord';
import { recordRowsLineage } from '../../jobs/recordLineage';
import { resolveData } from '../../jobs/resolveSources';
import { resolveRows } from '../../jobs/resolveSubject';
import { costText } from '../../protocol/display/findingTexts';
import { englishTexts, type Say } from '../../protocol/display/serverText';
import type { PredictedCost } from '../../protocol/influence';
import type { ProbeRequest, ProbeResult } from '../../protocol/probing';
import { probeBaselines } from '../../protocol/probing';
import type { EditorJobRule, EditorJobTools } from './editorJob';

/** What a probe of the editor uses where nothing else is said: as `whence probe`. */
const defaults = { fewestRows: 10, folds: 5 };

/** Linear probes of a label in every layer, or a direction between two sets of rows; kept, and shown beside the rows. */
export const probeJob: EditorJobRule<'probe'> = {
  title: ({ task }, say) => (task.kind === 'label' ? say('job.probe', { label: task.label }) : say('job.direction')),
  run: async (job, tools) => {
    const request = requestOf(job, tools);
    const { task, data } = request;
    const { result, seconds } = await tools.run(request, (event) => {
      const cost = event as PredictedCost;
      if (cost.kind === 'predictedCost') tools.announceCost(costText(cost, tools.say));
    });
    const read = task.kind === 'label' ? data : [...data, ...task.positive, ...task.negative];
    const metrics = { ...probeMetrics(result), seconds };
    await recordRowsLineage({ ...request, data: read }, probeSettings(request), metrics, tools.warn);
    const title = probeJob.title(job, englishTexts.say);
    const { id } = await tools.analyses.add({ kind: 'probe', title, when: Date.now(), result });
    return { result: { kind: 'probe', analysis: id }, outcome: outcomeOf(result, tools.say) };
  },
};

function requestOf(
  { model, data, positions, task }: Parameters<typeof probeJob.run>[0],
  { workspace, settings }: EditorJobTools,
): ProbeRequest {
  const names = workspace.names(settings);
  const chosen = { ...(model === null ? {} : { model }), ...(data === null ? {} : { data: [data] }) };
  const usual = task.kind === 'label' ? 'last' : 'answer';
  return {
    kind: 'probe',
    ...resolveRows({ ...chosen, seed: 0, storeBudget: settings.storeBudget }, names),
    maxLength: null,
    batchSize: null,
    seed: 0,
    positions: positions.length === 0 ? [usual] : positions,
    layers: null,
    task:
      task.kind === 'label'
        ? { ...task, ...defaults, groupBy: [], control: 'auto', baselines: probeBaselines }
        : {
            kind: 'concept',
            positive: resolveData(task.positive, names),
            negative: resolveData(task.negative, names),
          },
  };
}

/** One line for people. */
function outcomeOf({ probe }: ProbeResult, say: Say): string {
  const rows = probe.rows.length;
  if (probe.kind === 'concept') return say('done.projected', { rows });
  const best = probe.best.find(({ model }) => model === 'tuned');
  const doubted = probe.rows.filter(({ disagrees }) => disagrees).length;
  if (best === undefined) return say('done.probedRows', { doubted, rows });
  return say('done.probed', { accuracy: best.selected.estimate.toFixed(2), doubted, rows });
}
