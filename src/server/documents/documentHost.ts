import { type CancellationToken, CancellationTokenSource } from 'vscode-languageserver/node';
import { dataLimits } from '../../data/limits';
import type { Workspace } from '../../data/workspace/schema';
import { type DocumentKind, documentKind, rowOptions } from './documentKind';
import type { OpenDocument } from './openDocument';
import { type NamedText, openNamedText } from './openNamedText';

/** Characters from which a document's kind is told. */
const headLength = 2000;

/** Work that goes on behind an open document, given up at the next change. */
export type BackgroundWork = (document: OpenDocument, token: CancellationToken) => Promise<void>;

export interface DocumentHostOptions {
  readonly documents: () => readonly OpenDocument[];
  readonly workspace: () => Workspace | undefined;
  readonly trust: () => 'trusted' | 'restricted';
  readonly log: (text: string) => void;
  /** Tokenizer and template of the default model are known, or no longer. */
  readonly textChanged: () => void;
  readonly work: BackgroundWork;
  /** Milliseconds of quiet before work begins after a change. */
  readonly quiet: number;
}

/** Keeps track of what each open document is to Whence, and runs the work behind it. */
export class DocumentHost {
  private readonly opened = new Map<string, Promise<DocumentKind | undefined>>();
  /** Documents whose work was begun once. */
  private readonly begun = new Set<string>();
  private readonly running = new Map<string, CancellationTokenSource>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private named: { readonly generation: number; readonly text: NamedText | undefined } | undefined;
  private generation = 0;

  constructor(private readonly options: DocumentHostOptions) {}

  /** Tokenizer and template as far as they are known now: nothing waits for them. */
  get text(): NamedText | undefined {
    return this.options.trust() === 'trusted' ? this.named?.text : undefined;
  }

  /** What the document is; the first answer waits until its schema was looked up. */
  kindOf(document: OpenDocument): Promise<DocumentKind | undefined> {
    return this.opened.get(document.uri) ?? this.open(document);
  }

  open(document: OpenDocument): Promise<DocumentKind | undefined> {
    const pending = this.classify(document);
    this.opened.set(document.uri, pending);
    return pending;
  }

  private async classify(document: OpenDocument): Promise<DocumentKind | undefined> {
    const workspace = this.options.workspace();
    const head = document.getText({ start: { line: 0, character: 0 }, end: { line: 20, character: headLength } });
    const kind = documentKind(document.uri, head.slice(0, headLength), workspace);
    if (kind?.kind !== 'rows') {
      document.closeRows();
      return kind;
    }
    const options = await rowOptions(document.uri, kind, workspace, dataLimits);
    document.openRows(options);
    return kind;
  }

  /** The document changed: what was going on behind it is stale. */
  changed(document: OpenDocument): void {
    this.stop(document.uri);
    // What was just opened is looked at without waiting.
    const delay = this.begun.has(document.uri) ? this.options.quiet : 0;
    this.begun.add(document.uri);
    this.timers.set(
      document.uri,
      setTimeout(() => void this.startWork(document), delay),
    );
  }

  close(uri: string): void {
    this.stop(uri);
    this.opened.delete(uri);
    this.begun.delete(uri);
  }

  /** whence.json, trust or settings changed: every document may be something else. */
  reload(): void {
    this.generation++;
    this.named = undefined;
    for (const document of this.options.documents()) {
      this.stop(document.uri);
      void this.open(document).then(() => this.startWork(document), this.report);
    }
  }

  dispose(): void {
    for (const uri of [...this.running.keys(), ...this.timers.keys()]) this.stop(uri);
  }

  private stop(uri: string): void {
    clearTimeout(this.timers.get(uri));
    this.timers.delete(uri);
    this.running.get(uri)?.cancel();
    this.running.delete(uri);
  }

  private async startWork(document: OpenDocument): Promise<void> {
    this.timers.delete(document.uri);
    const source = new CancellationTokenSource();
    this.running.set(document.uri, source);
    try {
      await this.kindOf(document);
      if (!source.token.isCancellationRequested) await this.options.work(document, source.token);
    } catch (error) {
      this.report(error);
    } finally {
      if (this.running.get(document.uri) === source) this.running.delete(document.uri);
      source.dispose();
    }
  }

  /** Loads tokenizer and template of the default model, once for each whence.json; only in trusted workspaces. */
  async loadText(): Promise<NamedText | undefined> {
    const workspace = this.options.workspace();
    if (this.options.trust() !== 'trusted' || workspace === undefined) return undefined;
    const { generation } = this;
    if (this.named?.generation === generation) return this.named.text;
    const { text, problem } = await openNamedText(workspace, dataLimits);
    if (problem !== undefined) this.options.log(`${problem.message} ${problem.next}`);
    if (this.generation !== generation) return undefined;
    // Another document may have asked at the same time: one text stands for all, as results are kept by it.
    const known = this.named as { readonly generation: number; readonly text: NamedText | undefined } | undefined;
    if (known?.generation === generation) return known.text;
    this.named = { generation, text };
    if (text !== undefined) this.options.textChanged();
    return text;
  }

  private readonly report = (error: unknown): void => {
    this.options.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
}
