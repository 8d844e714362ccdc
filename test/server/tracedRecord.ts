import { dataLimits } from '../../src/data/limits';
import { parseJsonRow } from '../../src/data/parseRow';
import type { TraceRecord } from '../../src/protocol/editorFindings';
import type { TraceDocument, TracedRow } from '../../src/protocol/influence';

/**
 * A kept trace of the lines of one file, one score each. The first two rows are near-duplicates of one group; rows above
 * .1 are above the null; the first has scores of tokens.
 */
export function tracedRecord(
  file: string,
  lines: readonly string[],
  scores: readonly number[],
): Omit<TraceRecord, 'id'> {
  const order = scores.map((_, at) => at).sort((a, b) => scores[b]! - scores[a]!);
  const rows: TracedRow[] = lines.map((text, row) => ({
    file,
    row,
    line: row + 1,
    hash: parseJsonRow(Buffer.from(text), { file, row, line: row + 1, bytes: undefined }, dataLimits).row!.hash,
    text,
    score: scores[row]!,
    rank: order.indexOf(row) + 1,
    aboveNull: Math.abs(scores[row]!) > 0.1,
    normalized: null,
    selfInfluence: 2,
    bm25Rank: lines.length - row,
    kind: { score: 0.6, rank: row + 1 },
    group: row < 2 ? 0 : 1,
    duplicates: row < 2 ? 0 : row,
    status: 'trained',
    tokens: row === 0 ? [{ text: 'first', trained: true, score: 0.5 }] : null,
  }));
  const document: TraceDocument = {
    method: 'auto',
    settings: { damping: 0.1 },
    evidence: 'replayed',
    coverage: { trained: 10, tracked: 10, share: 1, modules: [] },
    queries: [
      {
        id: 'q',
        prompt: 'Does it?',
        completion: 'It does.',
        measurement: -1,
        measurementName: 'logprob',
        gate: { logRatio: 1, interval: [0.5, 1.5], baseLogprob: -3, tunedDidIt: true, verdict: 'tuned' },
        threshold: 0.1,
        verdict: 'rowsStandOut',
        rows,
        groups: [
          { group: 0, rows: 2, cause: 1, share: 0.9, kind: 0.6, example: { file, row: 0 }, members: [0, 1] },
          {
            group: 1,
            rows: lines.length - 2,
            cause: 0.1,
            share: 0.1,
            kind: 0.6,
            example: { file, row: 2 },
            members: [2],
          },
        ],
        dampingSensitivity: { tenth: 0.9, tenfold: 0.95 },
      },
    ],
    warnings: [],
    seconds: 1,
  };
  return {
    title: 'Does it?',
    when: 1_700_000_000_000,
    model: { label: 'tuned', path: 'tuned', adapter: undefined, hash: '00' },
    documents: [document],
    device: 'cpu',
    seconds: 1,
    modelName: null,
    source: { kind: 'inline', queries: [] },
  };
}
