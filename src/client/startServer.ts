import * as vscode from 'vscode';
import { LanguageClient, ResponseError, type ServerOptions, State, TransportKind } from 'vscode-languageclient/node';
import type { CommandId } from '../protocol/commandIds';
import type { EditorNotificationName, EditorNotifications, EditorOptions, EditorRequests } from '../protocol/editor';
import type { UserErrorData } from '../protocol/errors';
import type { LanguageServer } from './context';
import { documentSelector } from './dataDocuments';
import { ServerFailure } from './serverFailure';

/** Commands that a hover may offer. */
const hoverCommands: readonly CommandId[] = [
  'whence.quarantine',
  'whence.editRow',
  'whence.findNearDuplicates',
  'whence.markRelevant',
  'whence.markNotRelevant',
  'whence.clearVerdict',
  'whence.showDossier',
  'whence.showPruningPanel',
];

/** Starts the language server as a child process and waits until it answers. */
export async function startServer(
  { extensionPath }: vscode.ExtensionContext,
  output: vscode.LogOutputChannel,
): Promise<{ readonly server: LanguageServer; readonly client: LanguageClient }> {
  const module = `${extensionPath}/dist/server.mjs`;
  // The editor's own variables and flags are not for our processes.
  const run = { module, transport: TransportKind.ipc, options: { execArgv: [] } };
  const serverOptions: ServerOptions = { run, debug: run };
  const options: EditorOptions = {
    trust: vscode.workspace.isTrusted ? 'trusted' : 'restricted',
    tags: 'client',
    hovers: 'html',
    locale: vscode.env.language,
  };
  const client = new LanguageClient('whence', 'Whence', serverOptions, {
    documentSelector: await documentSelector(),
    initializationOptions: options,
    outputChannel: output,
    markdown: { supportHtml: true, isTrusted: { enabledCommands: hoverCommands } },
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/whence.json') },
  });
  const emitters = new Map<EditorNotificationName, vscode.EventEmitter<unknown>>();
  /** The connection knows one handler a name: whoever else listens is told by it. */
  const heard = <N extends EditorNotificationName>(name: N): vscode.EventEmitter<EditorNotifications[N]> => {
    const known = emitters.get(name) as vscode.EventEmitter<EditorNotifications[N]> | undefined;
    if (known !== undefined) return known;
    const made = new vscode.EventEmitter<EditorNotifications[N]>();
    emitters.set(name, made as vscode.EventEmitter<unknown>);
    client.onNotification(name, (value: EditorNotifications[N]) => made.fire(value));
    return made;
  };
  const restarted = new vscode.EventEmitter<void>();
  let runs = 0;
  client.onDidChangeState(({ newState }) => {
    if (newState !== State.Running) return;
    runs += 1;
    if (runs > 1) restarted.fire();
  });
  await client.start();
  const server: LanguageServer = {
    request: async <N extends keyof EditorRequests>(
      name: N,
      params: EditorRequests[N]['params'],
      token?: vscode.CancellationToken,
    ) => {
      try {
        // A token that is undefined would be sent as one more parameter.
        if (token === undefined) return await client.sendRequest<EditorRequests[N]['result']>(name, params);
        return await client.sendRequest<EditorRequests[N]['result']>(name, params, token);
      } catch (error) {
        if (error instanceof ResponseError && isUserError(error.data)) throw new ServerFailure(error.data);
        throw error;
      }
    },
    onNotification: (name, listener) => heard(name).event(listener),
    onRestart: restarted.event,
  };
  return { server, client };
}

function isUserError(value: unknown): value is UserErrorData {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value && 'next' in value;
}
