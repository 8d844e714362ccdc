import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { PanelActions, PanelKind, PanelSnapshots, PanelState, SnapshotMessage } from '../../protocol/panels';
import { changedView } from './changedView';
import { connectPanel } from './connectPanel';
import { createPanelView } from './createPanelView';
import { createFigures, type Figures } from './figures';
import { keepLast } from './keepLast';
import { loading, rootElement } from './root';

/** What a panel is drawn from. */
export interface PanelInput<K extends PanelKind, View> {
  readonly snapshot: PanelSnapshots[K];
  readonly texts: PanelTexts;
  readonly figures: Figures;
  readonly view: View;
  /** CSS pixels of the panel. */
  readonly width: number;
  readonly onView: (view: View) => void;
  readonly act: (action: PanelActions[K]) => void;
}

/** What was shown until now. */
export interface ShownBefore<K extends PanelKind, View> {
  readonly snapshot: PanelSnapshots[K];
  readonly view: View;
}

/** What tells one panel from another when it is mounted. */
export interface PanelMount<K extends PanelKind, View> {
  readonly kind: K;
  /** Makes what draws the panel; `changed` asks for a drawing of what the panel itself keeps. */
  create(changed: () => void): (input: PanelInput<K, View>) => TemplateResult;
  /**
   * The user's view of a snapshot that has just come.
   *
   * @param before null: it is the first one
   * @param kept what was kept before the panel was hidden or the editor restarted; null: nothing
   */
  viewOf(snapshot: PanelSnapshots[K], before: ShownBefore<K, View> | null, kept: PanelState | null): View;
  /** What is kept for when the panel comes back, without the view. */
  about(snapshot: PanelSnapshots[K], view: View): Pick<PanelState, 'trace' | 'query'>;
  /** Hears that a snapshot will be drawn with the next frame. */
  heard?(snapshot: PanelSnapshots[K], before: ShownBefore<K, View> | null): void;
}

/** Mounts a panel in its page: draws what the editor sends and what the user chooses, and keeps the latter. */
export function mountPanel<K extends PanelKind, View extends object>({
  kind,
  create,
  viewOf,
  about,
  heard,
}: PanelMount<K, View>): void {
  let shown: { readonly message: SnapshotMessage<K>; readonly view: View } | null = null;
  const figuresOf = keepLast(createFigures);

  const show = (message: SnapshotMessage<K>, view: View): void => {
    shown = { message, view };
    link.keep({ panel: kind, ...about(message.snapshot, view), view });
    panel.changed();
  };
  const link = connectPanel(kind, (message) => {
    const before = shown === null ? null : { snapshot: shown.message.snapshot, view: shown.view };
    show(message, viewOf(message.snapshot, before, link.kept));
    heard?.(message.snapshot, before);
  });
  const draw = create(() => panel.changed());
  const panel = createPanelView(rootElement(), () => {
    if (shown === null) return loading();
    const { message, view } = shown;
    return draw({
      snapshot: message.snapshot,
      texts: message.texts,
      figures: figuresOf(message.locale),
      view,
      width: panel.width(),
      onView: (next) => {
        if (shown !== null) show(shown.message, changedView(view, next, shown.view));
      },
      act: link.act,
    });
  });
  panel.changed();
}
