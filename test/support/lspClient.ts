import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import type { Diagnostic } from 'vscode-languageserver-types';

export interface Published {
  readonly uri: string;
  readonly version?: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** A scripted editor at the other end of `whence serve --stdio`. */
export class LspClient {
  readonly published: Published[] = [];
  /** Messages of the log, errors and warnings. */
  readonly complaints: string[] = [];
  private readonly waiting = new Set<() => void>();
  refreshes = 0;

  private constructor(
    readonly child: ChildProcess,
    readonly connection: MessageConnection,
  ) {
    connection.onNotification('textDocument/publishDiagnostics', (params: Published) => {
      this.published.push(params);
      this.wake();
    });
    connection.onNotification('window/logMessage', ({ type, message }: { type: number; message: string }) => {
      if (type <= 2) this.complaints.push(message);
    });
    connection.onRequest('workspace/codeLens/refresh', () => {
      this.refreshes++;
      this.wake();
      return null;
    });
    connection.onRequest('workspace/semanticTokens/refresh', () => null);
    connection.onRequest('client/registerCapability', () => null);
    connection.listen();
  }

  static async start(rootUri: string, initializationOptions: unknown): Promise<LspClient> {
    const child = spawn(process.execPath, ['dist/cli.mjs', 'serve', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const connection = createMessageConnection(
      new StreamMessageReader(child.stdout!),
      new StreamMessageWriter(child.stdin!),
    );
    const client = new LspClient(child, connection);
    await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri,
      workspaceFolders: null,
      capabilities: { workspace: { codeLens: { refreshSupport: true }, semanticTokens: { refreshSupport: true } } },
      initializationOptions,
    });
    await connection.sendNotification('initialized', {});
    return client;
  }

  request<T>(method: string, params: unknown): Promise<T> {
    return this.connection.sendRequest(method, params);
  }

  async open(uri: string, text: string): Promise<void> {
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'jsonl', version: 1, text },
    });
  }

  async change(uri: string, version: number, contentChanges: readonly unknown[]): Promise<void> {
    await this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges,
    });
  }

  /** Resolves once what the server has said makes `done` true; mocha's time limit ends a wait in vain. */
  async until<T>(done: () => T | undefined): Promise<T> {
    for (;;) {
      const found = done();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.waiting.add(resolve);
      });
    }
  }

  /** The last diagnostics of a version. */
  diagnosticsOf(uri: string, version: number): Promise<readonly Diagnostic[]> {
    return this.until(() => this.published.findLast((one) => one.uri === uri && one.version === version)?.diagnostics);
  }

  /** Ends the server as editors do; its exit code. */
  async stop(): Promise<number | null> {
    const exited = once(this.child, 'exit');
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    const [code] = (await exited) as [number | null];
    this.connection.dispose();
    return code;
  }

  private wake(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
