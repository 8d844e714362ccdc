import type { JsonObject } from '../protocol/json';
import type { ProbeRequest, ProbeResult } from '../protocol/probing';

/** Settings of a probe as results and the lineage hold them. */
export function probeSettings({ positions, layers, maxLength, batchSize, seed, task }: ProbeRequest): JsonObject {
  const own: JsonObject =
    task.kind === 'label'
      ? {
          ...task,
          only: [...task.only],
          groupBy: [...task.groupBy],
          baselines: [...task.baselines],
        }
      : {
          kind: task.kind,
          positive: task.positive.map(({ label }) => label),
          negative: task.negative.map(({ label }) => label),
        };
  return {
    positions: [...positions],
    layers: layers === null ? null : [...layers],
    maxLength,
    batchSize,
    seed,
    task: own,
  };
}

/** What of a probe's result the lineage holds. */
export function probeMetrics({ probe, computed }: ProbeResult): JsonObject {
  if (probe.kind === 'concept')
    return { rows: probe.rows.length, computed, best: probe.best.map((best) => ({ ...best })) };
  return {
    rows: probe.rows.length,
    computed,
    disagree: probe.rows.filter(({ disagrees }) => disagrees).length,
    best: probe.best.map(({ model, layer, position, selected }) => ({
      model,
      layer,
      position,
      accuracy: selected.estimate,
    })),
  };
}
