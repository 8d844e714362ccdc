/** What the user has chosen in the Pruning panel; kept while it is hidden. */
export interface PruningView {
  /** The proposal that `point` is of. */
  readonly record: string | null;
  /** Place among the masks; null: the one that the proposal shows. */
  readonly point: number | null;
}

export const firstView: PruningView = { record: null, point: null };

/** The view that was kept, where it is one; anything else begins anew. */
export function keptView(value: unknown): PruningView {
  const fields =
    typeof value === 'object' && value !== null ? (value as Partial<Record<keyof PruningView, unknown>>) : {};
  const { record, point } = fields;
  if (typeof record !== 'string') return firstView;
  return { record, point: typeof point === 'number' && Number.isSafeInteger(point) && point >= 0 ? point : null };
}

/** The mask that is looked at. */
export function chosenPlace(view: PruningView, record: { readonly id: string }, points: number, shown: number): number {
  return view.record === record.id && view.point !== null && view.point < points ? view.point : shown;
}
