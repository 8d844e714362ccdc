import { mountPanel } from '../shared/mountPanel';
import { createVerifyPanel } from './verifyPanel';
import { firstView, keptView } from './verifyState';

/** Entry of the Verify panel in the editor. */
mountPanel({
  kind: 'verify',
  create: createVerifyPanel,
  viewOf: (_, before, kept) => before?.view ?? (kept === null ? firstView : keptView(kept.view)),
  about: ({ trace, query }) => ({ trace: trace.id, query }),
});
