/**
 * shared/ is what every panel is made of: the link to the editor, layout, tables, plots and token text. It knows no
 * panel, no model and no network; a panel's own folder knows what its snapshot means.
 */
import { checkPanelState, checkSnapshot } from '../../protocol/checkPanelMessages';
import type { PanelActions, PanelKind, PanelState, SnapshotMessage } from '../../protocol/panels';

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare const acquireVsCodeApi: () => EditorApi;

/** The editor's side as a panel sees it. */
export interface PanelLink<K extends PanelKind> {
  act(action: PanelActions[K]): void;
  /** What was kept before the panel was hidden or the editor restarted; null: nothing. */
  readonly kept: PanelState | null;
  keep(state: PanelState): void;
}

/**
 * Connects a panel with the editor and asks for its snapshot. A message that is no snapshot of this panel is refused
 * with an error in the webview's log.
 */
export function connectPanel<K extends PanelKind>(panel: K, show: (message: SnapshotMessage<K>) => void): PanelLink<K> {
  const api = acquireVsCodeApi();
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => show(checkSnapshot(panel, data)));
  const link: PanelLink<K> = {
    act: (action) => api.postMessage({ type: 'action', action }),
    kept: checkPanelState(panel, api.getState()),
    keep: (state) => api.setState(state),
  };
  // After the caller has its link: a snapshot is never shown before that.
  queueMicrotask(() => api.postMessage({ type: 'ready' }));
  return link;
}
