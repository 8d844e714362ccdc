import type { LabelProbe } from '../../protocol/probing';

/**
 * Whether a probe reads labels better than naming the most frequent one, beyond its interval. One that does not would
 * doubt every other row, and its doubts say nothing.
 */
export function trustworthyProbe({ best, readBy, majority }: LabelProbe): boolean {
  const read = best.find(({ model }) => model === readBy);
  return read !== undefined && read.selected.low > majority;
}
