import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { SnapshotMessage } from '../../protocol/panels';
import { connectPanel } from '../shared/connectPanel';
import { createPanelView } from '../shared/createPanelView';
import { createFigures } from '../shared/figures';
import { keepLast } from '../shared/keepLast';
import { loading, rootElement } from '../shared/root';
import { createAskPanel } from './askPanel';
import { type AskView, firstView, keptView } from './askState';

/** Entry of the Ask panel in the editor. */
let message: SnapshotMessage<'ask'> | undefined;
const figuresOf = keepLast(createFigures);

const link = connectPanel('ask', (next) => {
  const grew = message === undefined || next.snapshot.turns.length > message.snapshot.turns.length;
  const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 40;
  message = next;
  panel.changed();
  // A new answer is followed while it grows, but not where the reader has scrolled up.
  if (grew || atEnd) requestAnimationFrame(() => window.scrollTo(0, document.documentElement.scrollHeight));
});
let view: AskView = link.kept === null ? firstView : keptView(link.kept.view);

const ask = createAskPanel(() => panel.changed());
const panel = createPanelView(rootElement(), () => {
  if (message === undefined) return loading();
  const { snapshot, texts, locale } = message;
  return ask({
    snapshot,
    texts,
    figures: figuresOf(locale),
    view,
    onView: (next) => {
      view = next;
      link.keep({ panel: 'ask', trace: null, query: 0, view });
      panel.changed();
    },
    act: link.act,
  });
});
panel.changed();
link.keep({ panel: 'ask', trace: null, query: 0, view });
