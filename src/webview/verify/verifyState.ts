/** What the user has chosen in the Verify panel; kept while it is hidden. */
export interface VerifyView {
  readonly removal: 'top' | 'group';
  readonly count: number;
  readonly randomRemovals: number;
  readonly tests: 'none' | 'workspace';
}

export const firstView: VerifyView = { removal: 'top', count: 8, randomRemovals: 3, tests: 'none' };

/** The view that was kept, where it is one; anything else begins anew. */
export function keptView(value: unknown): VerifyView {
  const fields =
    typeof value === 'object' && value !== null ? (value as Partial<Record<keyof VerifyView, unknown>>) : {};
  const whole = (found: unknown, least: number, otherwise: number): number =>
    typeof found === 'number' && Number.isSafeInteger(found) && found >= least ? found : otherwise;
  return {
    removal: fields.removal === 'group' ? 'group' : 'top',
    count: whole(fields.count, 1, firstView.count),
    randomRemovals: whole(fields.randomRemovals, 0, firstView.randomRemovals),
    tests: fields.tests === 'workspace' ? 'workspace' : 'none',
  };
}
