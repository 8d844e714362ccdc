/** What a finding says for people, the same words on the command line, in the editor and in reports. */
import type { Evidence, PredictedCost, TracedQuery } from '../influence';
import type { Say, ServerTextKey } from './serverText';

const evidenceKeys = {
  replayed: 'evidence.replayed',
  surrogate: 'evidence.surrogate',
  finalWeights: 'evidence.finalWeights',
} as const satisfies { readonly [E in Evidence]: ServerTextKey };

export function evidenceText(evidence: Evidence, say: Say): string {
  return say(evidenceKeys[evidence]);
}

/** The gate in a sentence. @param always how to have rows ranked all the same: `--always` */
export function gateText({ gate }: Pick<TracedQuery, 'gate'>, always: string, say: Say): string {
  const [low, high] = gate.interval.map((bound) => bound.toFixed(2));
  const values = { ratio: gate.logRatio.toFixed(2), low: low!, high: high!, always };
  switch (gate.verdict) {
    case 'tuned':
      return say('gate.tuned', values);
    case 'base':
      return say('gate.base', values);
    case 'neither':
      return say('gate.neither', values);
    case 'unknown':
      return say('gate.unknown');
  }
}

/** What the null says, in a sentence. */
export function verdictText(
  { verdict, threshold, rows }: Pick<TracedQuery, 'verdict' | 'threshold' | 'rows'>,
  say: Say,
): string {
  if (threshold === null) return say('null.none');
  if (verdict === 'noRowStandsOut') return say('null.noRow');
  const count = rows.filter(({ aboveNull }) => aboveNull).length;
  return say('null.rows', { count, threshold: threshold.toPrecision(3) });
}

/** How much the ranks depend on the damping. */
export function dampingText(
  { dampingSensitivity }: Pick<TracedQuery, 'dampingSensitivity'>,
  damping: number,
  say: Say,
): string {
  if (dampingSensitivity === null) return say('damping.none');
  const { tenth, tenfold } = dampingSensitivity;
  return say('damping.ranks', { damping, tenth: tenth.toFixed(2), tenfold: tenfold.toFixed(2) });
}

/** What is ahead: rows, time, disk, memory. */
export function costText({ rows, seconds, diskBytes, memoryBytes, fit }: PredictedCost, say: Say): string {
  const values = {
    rows,
    time: timeText(seconds, say),
    disk: (diskBytes / 1e6).toFixed(0),
    memory: (memoryBytes / 1e6).toFixed(0),
  };
  return fit === 'needed' ? say('cost.rowsAndFit', values) : say('cost.rows', values);
}

/** `40 s`, `3 min`. */
export function timeText(seconds: number, say: Say): string {
  return seconds < 90
    ? say('cost.seconds', { count: Math.ceil(seconds) })
    : say('cost.minutes', { count: Math.ceil(seconds / 60) });
}
