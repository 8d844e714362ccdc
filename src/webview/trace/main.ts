import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { PanelState, SnapshotMessage } from '../../protocol/panels';
import { connectPanel } from '../shared/connectPanel';
import { createPanelView } from '../shared/createPanelView';
import { createFigures } from '../shared/figures';
import { keepLast } from '../shared/keepLast';
import { loading, rootElement } from '../shared/root';
import { createTracePanel } from './tracePanel';
import { firstView, keptView, type TraceView } from './traceState';

/** Entry of the Trace panel in the editor. */
let message: SnapshotMessage<'trace'> | undefined;
let view: TraceView | undefined;
const figuresOf = keepLast(createFigures);

const link = connectPanel('trace', (next) => {
  const before = message?.snapshot.record?.id;
  message = next;
  view = viewFor(next, before);
  keep();
  panel.changed();
});

const trace = createTracePanel(() => panel.changed());
const panel = createPanelView(rootElement(), () => {
  if (message === undefined || view === undefined) return loading();
  const { snapshot, texts, locale } = message;
  return trace({
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

/** Another trace begins where the editor stands; the same one stays as it was left. */
function viewFor({ snapshot }: SnapshotMessage<'trace'>, before: string | undefined): TraceView {
  const { record, active } = snapshot;
  if (view !== undefined && record?.id === before) return view;
  if (view === undefined && link.kept !== null && link.kept.trace === (record?.id ?? null))
    return keptView(link.kept.view);
  if (record === null || active?.trace !== record.id) return firstView;
  return { ...firstView, query: active.query, method: active.method };
}

function keep(): void {
  if (message === undefined || view === undefined) return;
  const state: PanelState = {
    panel: 'trace',
    trace: message.snapshot.record?.id ?? null,
    query: view.query,
    view,
  };
  link.keep(state);
}
