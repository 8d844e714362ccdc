import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { SnapshotMessage } from '../../protocol/panels';
import { connectPanel } from '../shared/connectPanel';
import { createPanelView } from '../shared/createPanelView';
import { createFigures } from '../shared/figures';
import { keepLast } from '../shared/keepLast';
import { loading, rootElement } from '../shared/root';
import { createVerifyPanel } from './verifyPanel';
import { firstView, keptView, type VerifyView } from './verifyState';

/** Entry of the Verify panel in the editor. */
let message: SnapshotMessage<'verify'> | undefined;
const figuresOf = keepLast(createFigures);

const link = connectPanel('verify', (next) => {
  message = next;
  keep();
  panel.changed();
});
let view: VerifyView = link.kept === null ? firstView : keptView(link.kept.view);

const verify = createVerifyPanel();
const panel = createPanelView(rootElement(), () => {
  if (message === undefined) return loading();
  const { snapshot, texts, locale } = message;
  return verify({
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
  const { trace, query } = message.snapshot;
  link.keep({ panel: 'verify', trace: trace.id, query, view });
}
