/**
 * What a user changed, put onto the view as it is by now. Two fields may change within one frame, and the second one then
 * still knows the view that was drawn before the first: what it did not change itself must stay.
 *
 * @param drawn the view that the change was made from
 * @param next the same view with the change
 */
export function changedView<View extends object>(drawn: View, next: View, now: View): View {
  const changed = Object.entries(next).filter(([key, value]) => !Object.is(value, drawn[key as keyof View]));
  return { ...now, ...(Object.fromEntries(changed) as Partial<View>) };
}
