import type * as vscode from 'vscode';
import type { PanelKind } from '../../protocol/panels';
import type { Context, LanguageServer } from '../context';
import { newWebviewPanel, openPanelShell, type PanelModel, type PanelShell } from './openPanelShell';

/** A panel of which there is one at most, about one subject at a time. */
export interface SinglePanel<Subject> {
  /** Opens it, or brings it forward, and loads its subject. */
  open(subject: Subject): Promise<void>;
  /** Brings one back that the editor kept. Where there is one already, the other is closed. */
  restore(panel: vscode.WebviewPanel, subject: Subject): Promise<void>;
  /** Sends the snapshot, where the panel is open and can be seen. */
  changed(): void;
  state(): 'open' | 'closed';
}

/** What tells one such panel from another. */
export interface SinglePanelModel<K extends PanelKind, Subject> extends Omit<PanelModel<K>, 'closed'> {
  readonly column: vscode.ViewColumn;
  /** What it hears of the server; `always`: also while it is closed, from its first opening on. */
  readonly hears: 'whileOpen' | 'always';
  listen(language: LanguageServer): readonly vscode.Disposable[];
  /** Gets ready what the snapshot says of a subject. */
  load(subject: Subject): Promise<void>;
}

export function createSinglePanel<K extends PanelKind, Subject>(
  model: SinglePanelModel<K, Subject>,
  context: Context,
): SinglePanel<Subject> {
  let shell: PanelShell | undefined;
  let hearing: readonly vscode.Disposable[] = [];

  const listen = async (): Promise<void> => {
    if (hearing.length > 0) return;
    hearing = model.listen(await context.server());
    if (model.hears === 'always') context.extension.subscriptions.push(...hearing);
  };

  const closed = (): void => {
    shell = undefined;
    if (model.hears === 'always') return;
    for (const one of hearing) one.dispose();
    hearing = [];
  };

  const bringUp = async (panel: vscode.WebviewPanel, subject: Subject): Promise<void> => {
    const own = openPanelShell(panel, { ...model, closed }, context);
    shell = own;
    try {
      await listen();
      await model.load(subject);
    } finally {
      own.loaded();
    }
  };

  return {
    open: async (subject) => {
      if (shell === undefined) return bringUp(newWebviewPanel(model.kind, model.title(), model.column), subject);
      shell.reveal();
      await model.load(subject);
      shell?.changed();
    },
    restore: async (panel, subject) => {
      if (shell !== undefined) return void panel.dispose();
      await bringUp(panel, subject);
    },
    changed: () => shell?.changed(),
    state: () => (shell === undefined ? 'closed' : 'open'),
  };
}
