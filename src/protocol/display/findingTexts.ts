/** What a finding says for people, the same words on the command line, in the editor and in reports. */
import type { Evidence, PredictedCost, TracedQuery } from '../influence';

export const evidenceTexts: { readonly [E in Evidence]: string } = {
  replayed: 'the recorded run',
  surrogate: 'a run that is not this model’s own',
  finalWeights: 'the final weights only',
};

/** The gate in a sentence. @param always how to have rows ranked all the same: `--always` */
export function gateText({ gate }: Pick<TracedQuery, 'gate'>, always: string): string {
  const ratio = `${gate.logRatio.toFixed(2)} nats a token more than the base (${gate.interval.map((x) => x.toFixed(2)).join(' to ')})`;
  switch (gate.verdict) {
    case 'tuned':
      return `The fine-tune made it: ${ratio}.`;
    case 'base':
      return `The base model does this already: not from this data. (${always} ranks rows all the same.)`;
    case 'neither':
      return `The fine-tune did not make it: ${ratio}. (${always} ranks rows all the same.)`;
    case 'unknown':
      return 'Without its base model nothing says whether the fine-tune made it.';
  }
}

/** What the null says, in a sentence. */
export function verdictText({ verdict, threshold, rows }: Pick<TracedQuery, 'verdict' | 'threshold' | 'rows'>): string {
  if (threshold === null) return 'No control queries: nothing says which scores are noise.';
  if (verdict === 'noRowStandsOut') return 'No row stands out from what control queries score.';
  const above = rows.filter(({ aboveNull }) => aboveNull).length;
  return `${above} listed rows above what control queries score (${threshold.toPrecision(3)}).`;
}

/** How much the ranks depend on the damping. */
export function dampingText({ dampingSensitivity }: Pick<TracedQuery, 'dampingSensitivity'>, damping: number): string {
  if (dampingSensitivity === null) return 'no damping';
  const { tenth, tenfold } = dampingSensitivity;
  return `damping ${damping} (rank correlation ${tenth.toFixed(2)} at a tenth, ${tenfold.toFixed(2)} at ten times)`;
}

/** What is ahead: rows, time, disk, memory. */
export function costText({ rows, seconds, diskBytes, memoryBytes, fit }: PredictedCost): string {
  const time = seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
  const fitted = fit === 'needed' ? ', curvature to fit' : '';
  return `${rows} rows to compute${fitted}: about ${time}, ${(diskBytes / 1e6).toFixed(0)} MB on disk, ${(memoryBytes / 1e6).toFixed(0)} MB of memory.`;
}
