import { mountPanel } from '../shared/mountPanel';
import { createPruningPanel } from './pruningPanel';
import { firstView, keptView } from './pruningState';

/** Entry of the Pruning panel in the editor. */
mountPanel({
  kind: 'pruning',
  create: createPruningPanel,
  viewOf: (_, before, kept) => before?.view ?? (kept === null ? firstView : keptView(kept.view)),
  about: ({ record }) => ({ trace: record?.id ?? null, query: 0 }),
});
