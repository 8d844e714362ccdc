import { mountPanel } from '../shared/mountPanel';
import { createAskPanel } from './askPanel';
import { firstView, keptView } from './askState';

/** Pixels above the end of the page at which the reader still counts as being there. */
const nearEnd = 40;

/** Entry of the Ask panel in the editor. */
mountPanel({
  kind: 'ask',
  create: createAskPanel,
  viewOf: (_, before, kept) => before?.view ?? (kept === null ? firstView : keptView(kept.view)),
  about: () => ({ trace: null, query: 0 }),
  // A new answer is followed while it grows, but not where the reader has scrolled up.
  heard: ({ turns }, before) => {
    const grew = before === null || turns.length > before.snapshot.turns.length;
    const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - nearEnd;
    if (grew || atEnd) requestAnimationFrame(() => window.scrollTo(0, document.documentElement.scrollHeight));
  },
});
