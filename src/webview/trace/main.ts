import { mountPanel } from '../shared/mountPanel';
import { createTracePanel } from './tracePanel';
import { firstView, keptView } from './traceState';

/** Entry of the Trace panel in the editor. */
mountPanel({
  kind: 'trace',
  create: createTracePanel,
  // Another trace begins where the editor stands; the same one stays as it was left.
  viewOf: ({ record, active }, before, kept) => {
    if (before !== null && before.snapshot.record?.id === record?.id) return before.view;
    if (before === null && kept !== null && kept.trace === (record?.id ?? null)) return keptView(kept.view);
    if (record === null || active?.trace !== record.id) return firstView;
    return { ...firstView, query: active.query, method: active.method };
  },
  about: ({ record }, view) => ({ trace: record?.id ?? null, query: view.query }),
});
