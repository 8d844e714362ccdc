import { readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  type ClientCapabilities,
  CodeActionKind,
  type Connection,
  LSPErrorCodes,
  ResponseError,
  type ServerCapabilities,
} from 'vscode-languageserver/node';
import { workspaceFileName } from '../../data/workspace/schema';
import { commandIds } from '../../protocol/commandIds';
import type { EditorRequests } from '../../protocol/editor';
import type { RowReference } from '../../protocol/editorJobs';
import { provideRowActions, resolveRowAction, rowActionKinds } from '../acts/provideRowActions';
import type { ServerContext } from '../context';
import { DocumentHost } from '../documents/documentHost';
import { documentPath } from '../documents/documentKind';
import type { OpenDocument } from '../documents/openDocument';
import { createPace } from '../documents/pace';
import type { RowDocument, RowFacts } from '../documents/rowDocument';
import { provideDoubtActions } from '../probes/provideDoubtActions';
import { provideDoubts } from '../probes/provideDoubts';
import { requestTable } from '../requests/requestTable';
import { provideConfigActions } from './config/provideConfigActions';
import { provideConfigCompletion } from './config/provideConfigCompletion';
import { provideConfigDiagnostics } from './config/provideConfigDiagnostics';
import { provideConfigHover } from './config/provideConfigHover';
import { provideCodeActions } from './provideCodeActions';
import { provideCodeLenses } from './provideCodeLenses';
import { provideDiagnostics, worstFirst } from './provideDiagnostics';
import { provideDocumentSymbols } from './provideDocumentSymbols';
import { provideFoldingRanges } from './provideFoldingRanges';
import { provideHover } from './provideHover';
import { provideInlayHints } from './provideInlayHints';
import { provideRowText } from './provideRowText';
import { provideSemanticTokens, semanticTokensLegend } from './provideSemanticTokens';
import { type DataSummary, summarizeData, summarizeRows, summarySentence, textFlawOf } from './summarizeData';

/** What the server can do with documents. */
export const featureCapabilities: ServerCapabilities = {
  hoverProvider: true,
  codeLensProvider: { resolveProvider: false },
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, ...rowActionKinds], resolveProvider: true },
  documentSymbolProvider: true,
  foldingRangeProvider: true,
  inlayHintProvider: { resolveProvider: false },
  completionProvider: { triggerCharacters: ['"', ':', '/'] },
  semanticTokensProvider: { legend: semanticTokensLegend, range: true, full: false },
};

/** Milliseconds of quiet after typing before a file is looked through. */
const quiet = 250;
/** Milliseconds of processor time that counting trained tokens may take; then the count is extrapolated. */
const countingBudget = 2000;

/** What the rest of the server tells the features. */
export interface Features {
  /** whence.json, trust or settings changed. */
  reload(): void;
  /** Another probe is shown, or none, or a label was found right. */
  doubtsChanged(): void;
  dispose(): void;
}

/** @param sections markdown that a hover ends with: what is known of the row on a line beyond its text */
export function registerFeatures(
  connection: Connection,
  context: ServerContext,
  capabilities: ClientCapabilities,
  sections: (uri: string, line: number) => readonly string[],
): Features {
  const { documents, texts } = context;
  const { say, translate } = texts;
  // The extension contributes the JSON schemas of configuration files; the editor then completes and explains them.
  const editorSchema = context.options.tags === 'client';
  const summaries = new Map<string, { readonly version: number; readonly summary: DataSummary }>();
  const host = new DocumentHost({
    documents: () => documents.all(),
    workspace: () => context.workspace.workspace(),
    trust: () => context.trust(),
    log: (text) => context.log('warning', text),
    textChanged: refresh,
    work: lookThrough,
    quiet,
  });

  documents.onDidOpen(({ document }) => {
    void host.open(document);
  });
  documents.onDidChangeContent(({ document }) => host.changed(document));
  // Editors that watch no files still say what they save.
  documents.onDidSave(async ({ document: { uri } }) => {
    if (path.basename(documentPath(uri) ?? '') !== workspaceFileName) return;
    await context.workspace.reload();
    host.reload();
  });
  documents.onDidClose(({ document: { uri } }) => {
    host.close(uri);
    summaries.delete(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });

  connection.onHover(async ({ textDocument: { uri }, position }) => {
    const found = await opened(uri);
    if (found === undefined) return null;
    if (found.rows !== undefined)
      return provideHover(found.rows, position, host.text?.context, sections(uri, position.line), texts);
    return found.config === undefined || editorSchema
      ? null
      : provideConfigHover(found.config, found.document.getText(), found.document.offsetAt(position), texts);
  });
  connection.onCompletion(async ({ textDocument: { uri }, position }) => {
    const found = await opened(uri);
    if (found?.config === undefined || editorSchema) return [];
    const { document } = found;
    const folder = path.dirname(documentPath(uri) ?? context.workspace.root);
    const snippets = capabilities.textDocument?.completion?.completionItem?.snippetSupport === true;
    return provideConfigCompletion(
      found.config,
      document.getText(),
      document.offsetAt(position),
      (name) => listFolder(folder, name),
      snippets ? 'supported' : 'none',
      texts,
    );
  });
  connection.onCodeAction(async ({ textDocument: { uri }, range, context: { diagnostics, only } }) => {
    const found = await opened(uri);
    if (found?.rows !== undefined) {
      const fixes = provideCodeActions(found.rows, uri, range, diagnostics, say);
      const doubts = context.settings().marksProbes
        ? provideDoubtActions(found.rows, uri, range, diagnostics, context)
        : [];
      const acts = found.rows.options.holds === 'data' ? provideRowActions(uri, range, only, context) : [];
      return [...doubts, ...fixes, ...acts];
    }
    return found?.config === undefined ? [] : provideConfigActions(uri, diagnostics, say);
  });
  connection.onCodeActionResolve((action) => resolveRowAction(action, context));
  connection.onCodeLens(async ({ textDocument: { uri } }) => {
    const rows = (await opened(uri))?.rows;
    if (rows === undefined || rows.options.holds !== 'data') return [];
    const mayRun = context.options.tags === 'client' && context.trust() === 'trusted';
    return provideCodeLenses(uri, summaryOf(uri, rows), mayRun ? commandIds : [], say);
  });
  connection.onDocumentSymbol(async ({ textDocument: { uri } }, token) => {
    const rows = (await opened(uri))?.rows;
    if (rows === undefined) return [];
    return wanted(await provideDocumentSymbols(rows, createPace(token), say), token.isCancellationRequested);
  });
  connection.onFoldingRanges(async ({ textDocument: { uri } }) => {
    const rows = (await opened(uri))?.rows;
    return rows === undefined ? [] : provideFoldingRanges(rows);
  });
  connection.languages.semanticTokens.onRange(async ({ textDocument: { uri }, range }, token) => {
    const rows = (await opened(uri))?.rows;
    const { marksEnabled, marksTrainedText } = context.settings();
    if (rows === undefined || !marksEnabled || !marksTrainedText) return { data: [] };
    const found = await provideSemanticTokens(rows, range, host.text?.context, createPace(token));
    return wanted(found, token.isCancellationRequested);
  });
  connection.languages.inlayHint.on(async ({ textDocument: { uri }, range }, token) => {
    const rows = (await opened(uri))?.rows;
    const tagsOf = requestTable['whence/tags'];
    if (rows === undefined || tagsOf === undefined || context.options.tags !== 'inlayHints') return [];
    const { tags } = await tagsOf({ uri, first: range.start.line, last: range.end.line + 1 }, context, token);
    return provideInlayHints(tags, range);
  });

  connection.onRequest('whence/rowText', async ({ uri, line }: RowReference) => {
    const rows = (await opened(uri))?.rows;
    return rows === undefined ? null : provideRowText(rows, line, host.text?.context, texts);
  });
  connection.onRequest('whence/summary', async ({ uri }: EditorRequests['whence/summary']['params']) => {
    const rows = (await opened(uri))?.rows;
    return rows === undefined ? null : summarySentence(summaryOf(uri, rows), say);
  });

  return {
    reload: () => host.reload(),
    doubtsChanged: () => {
      for (const document of documents.all()) host.changed(document);
    },
    dispose: () => host.dispose(),
  };

  /** The document and what it is; undefined: it is not open, or none of ours. */
  async function opened(uri: string) {
    const document = documents.get(uri);
    if (document === undefined) return undefined;
    const kind = await host.kindOf(document);
    if (kind === undefined) return undefined;
    const config = kind.kind === 'rows' ? undefined : kind.kind;
    return { document, rows: document.rows, config };
  }

  /** The last count stands until the next one is there: the sentence does not flicker while people type. */
  function summaryOf(uri: string, rows: RowDocument): DataSummary {
    const now = summarizeRows(rows, host.text?.model);
    const known = summaries.get(uri);
    if (known === undefined || known.summary.model !== now.model || known.summary.schema !== now.schema) return now;
    return { ...now, trainedTokens: known.summary.trainedTokens };
  }

  /** Diagnostics, then the count of trained tokens. */
  async function lookThrough(document: OpenDocument, token: Parameters<typeof createPace>[0]): Promise<void> {
    const { uri, rows, version } = document;
    const send = (diagnostics: Awaited<ReturnType<typeof provideConfigDiagnostics>>) => {
      if (token.isCancellationRequested) return;
      const told = diagnostics.map((one) => ({ ...one, message: translate(String(one.message)) }));
      void connection.sendDiagnostics({ uri, version, diagnostics: told });
    };
    const { diagnosticsEnabled } = context.settings();
    if (rows === undefined) {
      const config = (await opened(uri))?.config;
      const file = documentPath(uri);
      if (config === undefined || file === undefined) return;
      send(
        diagnosticsEnabled
          ? await provideConfigDiagnostics(config, file, document.getText(), editorSchema ? 'byEditor' : 'byServer')
          : [],
      );
      return;
    }
    const pace = createPace(token);
    const text = host.text;
    const known = (facts: RowFacts) => (text === undefined ? undefined : textFlawOf(facts, rows.schema, text));
    const found = diagnosticsEnabled ? await provideDiagnostics(rows, known, (soFar) => send([...soFar]), pace) : [];
    if (found === undefined) return;
    const probed = diagnosticsEnabled && context.probes.label() !== undefined;
    if (probed && !(await rows.hashRows(pace))) return;
    const doubts = probed ? doubtsOf(rows) : [];
    send(worstFirst([...found, ...doubts]));
    const counting = rows.options.holds === 'data' ? await host.loadText() : undefined;
    if (counting === undefined || token.isCancellationRequested) return;
    const began = processorTime();
    const summary = await summarizeData(rows, counting, () => processorTime() - began > countingBudget, pace);
    if (summary === undefined) return;
    if (diagnosticsEnabled && summary.untrainedRows > 0) {
      const ofModel = (facts: RowFacts) => textFlawOf(facts, rows.schema, counting);
      const all = await provideDiagnostics(rows, ofModel, () => undefined, pace);
      if (all === undefined) return;
      if (all.length !== found.length) send(worstFirst([...all, ...doubts]));
    }
    summaries.set(uri, { version, summary });
    refreshLenses();
  }

  /** What the shown probe doubts of the labels. */
  function doubtsOf(rows: RowDocument): ReturnType<typeof provideDoubts> {
    const probe = context.probes.label();
    if (probe === undefined || !context.settings().marksProbes) return [];
    return provideDoubts(rows, probe, context.probes.doubts(rows), context.labelVerdicts, say);
  }

  function refresh(): void {
    refreshLenses();
    if (capabilities.workspace?.semanticTokens?.refreshSupport === true) connection.languages.semanticTokens.refresh();
  }

  function refreshLenses(): void {
    if (capabilities.workspace?.codeLens?.refreshSupport === true) {
      void connection.sendRequest('workspace/codeLens/refresh').catch(() => {
        context.log('info', 'The editor did not take the new code lenses.');
      });
    }
  }
}

/** LSP's answer to what was given up. */
function wanted<T>(result: T | undefined, isCancelled: boolean): T {
  if (result !== undefined) return result;
  throw isCancelled
    ? new ResponseError(LSPErrorCodes.RequestCancelled, 'Cancelled.')
    : new ResponseError(LSPErrorCodes.ContentModified, 'The document changed.');
}

/** Milliseconds that this process has computed: what a busy machine takes from it does not count. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Names in a folder of the workspace; a folder that cannot be listed has none. */
async function listFolder(base: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(path.resolve(base, folder), { withFileTypes: true }).catch(() => []);
  return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
}
