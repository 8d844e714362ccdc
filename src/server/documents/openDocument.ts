import type { Position, Range, TextDocumentContentChangeEvent } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { LineText } from './lineText';
import { RowDocument, type RowDocumentOptions } from './rowDocument';

/**
 * An open document of any kind; LSP's text document, kept by lines. What it is to Whence (`become`) may be known only
 * after it was opened, and changes with whence.json.
 */
export class OpenDocument implements TextDocument {
  rows: RowDocument | undefined;
  private lines: LineText;

  constructor(
    readonly uri: string,
    readonly languageId: string,
    private currentVersion: number,
    text: string,
  ) {
    this.lines = new LineText(text);
  }

  get version(): number {
    return this.currentVersion;
  }

  get lineCount(): number {
    return this.lines.lineCount;
  }

  getText(range?: Range): string {
    return range === undefined ? this.lines.text() : this.lines.textIn(range);
  }

  positionAt(offset: number): Position {
    return this.lines.positionAt(offset);
  }

  offsetAt(position: Position): number {
    return this.lines.offsetAt(position);
  }

  getLineRange(line: number): Range {
    const start = this.lines.clamped({ line, character: 0 });
    const end = line < 0 ? start : this.lines.clamped({ line: line + 1, character: 0 });
    return { start, end };
  }

  getEOLCharacters(line: number): string {
    return this.lines.lineEnd(line);
  }

  /** From now on the document is read as rows. */
  openRows(options: RowDocumentOptions): RowDocument {
    this.rows = new RowDocument(this.lines, this.currentVersion, options);
    return this.rows;
  }

  /** The document is no data. */
  closeRows(): void {
    this.rows = undefined;
  }

  apply(changes: readonly TextDocumentContentChangeEvent[], version: number): void {
    this.currentVersion = version;
    if (this.rows !== undefined) this.rows.apply(changes, version);
    else for (const change of changes) this.lines.apply(change);
  }
}

/** For `new TextDocuments(openDocuments)`: incremental sync costs as much as the lines that changed. */
export const openDocuments = {
  create: (uri: string, languageId: string, version: number, text: string): OpenDocument =>
    new OpenDocument(uri, languageId, version, text),
  update: (document: OpenDocument, changes: TextDocumentContentChangeEvent[], version: number): OpenDocument => {
    document.apply(changes, version);
    return document;
  },
};
