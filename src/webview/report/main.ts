import '@vscode-elements/elements/dist/vscode-button/index.js';
import { checkSnapshot } from '../../protocol/checkPanelMessages';
import { createPanelView } from '../shared/createPanelView';
import { createFigures } from '../shared/figures';
import { rootElement } from '../shared/root';
import { createTracePanel } from '../trace/tracePanel';
import { firstView, type TraceView } from '../trace/traceState';

/** Entry of the report: the Trace panel over data that lie in the page itself. Nothing is asked of any network. */
const data = document.getElementById('data')?.textContent;
if (data === undefined || data === null) throw new Error('internal: the report has no data');
const { snapshot, texts, locale } = checkSnapshot('trace', JSON.parse(data));
const figures = createFigures(locale);
let view: TraceView = firstView;
const trace = createTracePanel(() => panel.changed());
const panel = createPanelView(rootElement(), () =>
  trace({
    snapshot,
    texts,
    figures,
    view,
    width: panel.width(),
    onView: (next) => {
      view = next;
      panel.changed();
    },
    // There is no editor beside a report.
    act: () => undefined,
  }),
);
panel.changed();
