/**
 * client/ is what runs in the editor's extension host: commands, views, marks, panels. It is the only importer of
 * `vscode`, asks the language server for everything it shows, and computes nothing. Activation starts no process: the
 * server starts when a data file or one that configures Whence is opened, or a command needs it.
 */
import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { provideRowPages } from './commands/actsEditRow';
import type { Context } from './context';
import { createContext } from './createContext';
import { needsServer } from './dataDocuments';
import { showLargeFiles } from './largeFile/largeFileEditor';
import { offerLargeFiles } from './largeFile/offerLargeFile';
import { showMarks } from './marks/showMarks';
import { registerPanels } from './panels/panels';
import { provideRowDocuments } from './peek/rowDocuments';
import { showBehaviours } from './testing/showBehaviours';
import type { FindingNode } from './views/findings/findingNodes';
import { showFindings } from './views/findings/showFindings';
import { showJobs } from './views/jobs/showJobs';
import { showLargeDocument } from './views/largeDocument';
import { showStatus } from './views/statusBar';

/** What tests and other extensions can read. */
export interface WhenceApi {
  /** Milliseconds that activation took. */
  readonly activationMilliseconds: number;
  readonly context: Context;
  readonly findings: vscode.TreeView<FindingNode>;
  readonly tests: vscode.TestController;
}

export function activate(extension: vscode.ExtensionContext): WhenceApi {
  const started = performance.now();
  const context = createContext(extension);
  registerCommands(context);
  provideRowPages(context);
  provideRowDocuments(context);
  showStatus(context);
  showMarks(context);
  showJobs(context);
  showLargeDocument(context);
  showLargeFiles(context);
  offerLargeFiles(context);
  const findings = showFindings(context);
  const tests = showBehaviours(context);
  registerPanels(context);
  const startForData = (document: vscode.TextDocument): void => {
    needsServer(document).then(
      (needed) => (needed ? context.server() : undefined),
      (error) => context.output.error(String(error)),
    );
  };
  extension.subscriptions.push(vscode.workspace.onDidOpenTextDocument(startForData));
  for (const document of vscode.workspace.textDocuments) startForData(document);
  return { activationMilliseconds: performance.now() - started, context, findings, tests };
}
