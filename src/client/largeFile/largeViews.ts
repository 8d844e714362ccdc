import * as vscode from 'vscode';
import type { RowReference } from '../../protocol/editorJobs';

export const largeFileViewType = 'whence.largeFile';

/** Bytes from which the editor may give no document to extensions: it keeps texts beyond 50 MiB to itself. */
export const mostDocumentBytes = 50e6;

/** A view of a large file that is open. */
export interface LargeView {
  readonly uri: string;
  readonly panel: vscode.WebviewPanel;
  /** 0-based line. */
  reveal(line: number): void;
  /** 0-based line that was selected last; undefined: none was. */
  selected(): number | undefined;
}

/** The views of large files, as commands see them. */
export interface LargeViews {
  /** Shows a row, in a view that is opened where there is none. @param line 0-based */
  show(uri: vscode.Uri, line: number): Promise<void>;
  /** The row that is selected in the view that has the focus; its first one where none was. */
  selected(): RowReference | undefined;
  /** A view has been opened. Gives the line that it is to show first. */
  opened(view: LargeView): number | undefined;
  closed(view: LargeView): void;
}

export function createLargeViews(): LargeViews {
  const views = new Set<LargeView>();
  /** Lines that views show once they are open, by file. */
  const wanted = new Map<string, number>();
  return {
    show: async (uri, line) => {
      const key = uri.toString();
      const open = [...views].find((view) => view.uri === key);
      if (open === undefined) {
        wanted.set(key, line);
        await vscode.commands.executeCommand('vscode.openWith', uri, largeFileViewType);
        return;
      }
      open.panel.reveal();
      open.reveal(line);
    },
    selected: () => {
      const active = [...views].find(({ panel }) => panel.active);
      return active === undefined ? undefined : { uri: active.uri, line: active.selected() ?? 0 };
    },
    opened: (view) => {
      views.add(view);
      const line = wanted.get(view.uri);
      wanted.delete(view.uri);
      return line;
    },
    closed: (view) => {
      views.delete(view);
    },
  };
}

/** Whether a file is one that the view of large files is for. */
export async function isLargeFile(uri: vscode.Uri): Promise<boolean> {
  try {
    return (await vscode.workspace.fs.stat(uri)).size > mostDocumentBytes;
  } catch {
    // A file that is gone is no large one: whoever opens it as text is told.
    return false;
  }
}
