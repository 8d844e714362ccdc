import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { PanelState, SnapshotMessage } from '../../protocol/panels';
import { connectPanel } from '../shared/connectPanel';
import { createPanelView } from '../shared/createPanelView';
import { createFigures } from '../shared/figures';
import { keepLast } from '../shared/keepLast';
import { loading, rootElement } from '../shared/root';
import { createProbingPanel } from './probingPanel';
import { firstView, keptView, type ProbingView } from './probingState';

/** Entry of the Probing panel in the editor. */
let message: SnapshotMessage<'probing'> | undefined;
let view: ProbingView = firstView;
const figuresOf = keepLast(createFigures);

const link = connectPanel('probing', (next) => {
  const before = message === undefined ? (link.kept?.trace ?? null) : (message.snapshot.record?.id ?? null);
  const isFirst = message === undefined;
  message = next;
  // Another probe begins anew; the same one stays as it was left.
  if (next.snapshot.record?.id !== before) view = firstView;
  else if (isFirst) view = keptView(link.kept?.view);
  keep();
  panel.changed();
});

const probing = createProbingPanel(() => panel.changed());
const panel = createPanelView(rootElement(), () => {
  if (message === undefined) return loading();
  const { snapshot, texts, locale } = message;
  return probing({
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
  const state: PanelState = { panel: 'probing', trace: message?.snapshot.record?.id ?? null, query: 0, view };
  link.keep(state);
}
