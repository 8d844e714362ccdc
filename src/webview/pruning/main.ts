import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { SnapshotMessage } from '../../protocol/panels';
import { connectPanel } from '../shared/connectPanel';
import { createPanelView } from '../shared/createPanelView';
import { createFigures } from '../shared/figures';
import { keepLast } from '../shared/keepLast';
import { loading, rootElement } from '../shared/root';
import { createPruningPanel } from './pruningPanel';
import { firstView, keptView, type PruningView } from './pruningState';

/** Entry of the Pruning panel in the editor. */
let message: SnapshotMessage<'pruning'> | undefined;
const figuresOf = keepLast(createFigures);

const link = connectPanel('pruning', (next) => {
  message = next;
  keep();
  panel.changed();
});
let view: PruningView = link.kept === null ? firstView : keptView(link.kept.view);

const pruning = createPruningPanel();
const panel = createPanelView(rootElement(), () => {
  if (message === undefined) return loading();
  const { snapshot, texts, locale } = message;
  return pruning({
    snapshot,
    texts,
    figures: figuresOf(locale),
    view,
    width: panel.width(),
    onView: (next) => {
      view = next;
      keep();
      panel.changed();
    },
    act: link.act,
  });
});
panel.changed();

function keep(): void {
  if (message === undefined) return;
  link.keep({ panel: 'pruning', trace: message.snapshot.record?.id ?? null, query: 0, view });
}
