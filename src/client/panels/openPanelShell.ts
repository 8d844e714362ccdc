/**
 * panels/ shows webviews: it holds what each of them shows, sends it whole, and does what they ask for. A panel that is
 * hidden is destroyed by the editor; made anew it asks for its snapshot again. Nothing is computed here.
 */
import * as vscode from 'vscode';
import { MessageError } from '../../protocol/checkMessage';
import { checkPanelMessage } from '../../protocol/checkPanelMessages';
import { panelTextsOf } from '../../protocol/display/panelTexts';
import type { PanelActions, PanelKind, PanelSnapshots, SnapshotMessage } from '../../protocol/panels';
import type { Context } from '../context';
import { panelPage } from './panelPage';

/** What a panel is about: what it shows, and what it does. */
export interface PanelModel<K extends PanelKind> {
  readonly kind: K;
  title(): string;
  snapshot(): PanelSnapshots[K];
  act(action: PanelActions[K]): Promise<void>;
  /** What stopped the last action; null: nothing did. */
  failed(problem: string | null): void;
  closed(): void;
}

/** A panel that is open. */
export interface PanelShell {
  /** Sends the snapshot, where the panel can be seen; at most once in a while. */
  changed(): void;
  reveal(): void;
  /** What it is about is known: until then it says that it loads. */
  loaded(): void;
}

/** Milliseconds between two snapshots while an answer streams. */
const pause = 50;

/** Opens a new panel. */
export function newWebviewPanel(kind: PanelKind, title: string, column: vscode.ViewColumn): vscode.WebviewPanel {
  return vscode.window.createWebviewPanel(`whence.${kind}`, title, { viewColumn: column, preserveFocus: false });
}

/** Brings a webview panel to life, one that was just opened or one that the editor restored. */
export function openPanelShell<K extends PanelKind>(
  panel: vscode.WebviewPanel,
  model: PanelModel<K>,
  { extension, output }: Context,
): PanelShell {
  const { webview } = panel;
  const folder = vscode.Uri.joinPath(extension.extensionUri, 'dist', 'webview');
  const place = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
  const locale = vscode.env.language;
  let waiting: NodeJS.Timeout | undefined;
  let open = true;
  let state: 'loading' | 'loaded' = 'loading';

  const send = (): void => {
    waiting = undefined;
    if (!open || state === 'loading' || !panel.visible) return;
    panel.title = model.title();
    const message: SnapshotMessage<K> = {
      type: 'snapshot',
      panel: model.kind,
      locale,
      texts: panelTextsOf(locale),
      snapshot: model.snapshot(),
    };
    void webview.postMessage(message);
  };
  const changed = (): void => {
    waiting ??= setTimeout(send, pause);
  };
  const hear = async (raw: unknown): Promise<void> => {
    try {
      const message = checkPanelMessage(model.kind, raw);
      if (message.type === 'ready') return send();
      model.failed(null);
      await model.act(message.action);
    } catch (error) {
      if (error instanceof vscode.CancellationError) return;
      if (error instanceof MessageError) output.warn(`${model.kind} panel: ${error.message}`);
      else output.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      model.failed(error instanceof Error ? error.message : String(error));
    }
    changed();
  };

  const heard = webview.onDidReceiveMessage((raw: unknown) => void hear(raw));
  const seen = panel.onDidChangeViewState(() => {
    if (panel.visible) changed();
  });
  panel.onDidDispose(() => {
    open = false;
    clearTimeout(waiting);
    heard.dispose();
    seen.dispose();
    model.closed();
  });
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  panel.iconPath = vscode.Uri.joinPath(extension.extensionUri, 'media', 'whence.svg');
  webview.html = panelPage(model.kind, {
    source: webview.cspSource,
    script: place(`${model.kind}.js`),
    style: place(`${model.kind}.css`),
    locale,
  });
  return {
    changed,
    reveal: () => panel.reveal(),
    loaded: () => {
      state = 'loaded';
      changed();
    },
  };
}
