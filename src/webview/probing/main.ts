import { mountPanel } from '../shared/mountPanel';
import { createProbingPanel } from './probingPanel';
import { firstView, keptView } from './probingState';

/** Entry of the Probing panel in the editor. */
mountPanel({
  kind: 'probing',
  create: createProbingPanel,
  // Another probe begins anew; the same one stays as it was left.
  viewOf: ({ record }, before, kept) => {
    const id = record?.id ?? null;
    if (before !== null) return (before.snapshot.record?.id ?? null) === id ? before.view : firstView;
    return kept !== null && kept.trace === id ? keptView(kept.view) : firstView;
  },
  about: ({ record }) => ({ trace: record?.id ?? null, query: 0 }),
});
