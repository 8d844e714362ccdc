import { fileURLToPath } from 'node:url';
import {
  type Connection,
  DidChangeConfigurationNotification,
  ErrorCodes,
  type InitializeParams,
  ResponseError,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver/node';
import { workspaceFileName } from '../data/workspace/schema';
import { type ServerTexts, serverTextsOf } from '../protocol/display/serverText';
import type { EditorOptions } from '../protocol/editor';
import { UserError, type UserErrorData } from '../protocol/errors';
import { defaultSettings, type EditorSettings, parseSettings } from '../protocol/settings';
import { version } from '../protocol/version';
import { createAnalysisShelf } from './analyses/createAnalysisShelf';
import type { ServerContext } from './context';
import { openDocuments } from './documents/openDocument';
import { type Features, featureCapabilities, registerFeatures } from './features/registerFeatures';
import { createFindingIndex } from './findings/createFindingIndex';
import { influenceSection } from './hovers/influenceSection';
import { pruningSection } from './hovers/pruningSection';
import { createJobDirector } from './jobs/createJobDirector';
import { createLargeFiles } from './largeFiles/createLargeFiles';
import { createLabelVerdicts } from './probes/createLabelVerdicts';
import { createProbeIndex } from './probes/createProbeIndex';
import { provideProbeSection } from './probes/provideProbeSection';
import { editorState } from './requests/editorState';
import { fileLines } from './requests/fileLines';
import { requestTable, type TabledRequestName } from './requests/requestTable';
import { createTagIndex } from './tags/createTagIndex';
import { createTraceShelf } from './traces/createTraceShelf';
import { watchWorkspace } from './workspaceWatch';

/** Wires a connection to features and requests. @param engineModule path of the engine's bundle */
export function startServer(connection: Connection, engineModule: string): void {
  const documents = new TextDocuments(openDocuments);
  let context: ServerContext | undefined;
  let features: Features | undefined;
  let settings: EditorSettings = defaultSettings;
  let asksConfiguration: 'yes' | 'no' = 'no';

  const readSettings = async (): Promise<void> => {
    if (asksConfiguration === 'yes') settings = parseSettings(await connection.workspace.getConfiguration('whence'));
  };
  const tellState = async (): Promise<void> => {
    if (context !== undefined) connection.sendNotification('whence/stateChanged', await editorState(context));
  };

  connection.onInitialize(async (params) => {
    const options = optionsOf(params);
    const texts = serverTextsOf(options.locale);
    let trust = options.trust;
    asksConfiguration = params.capabilities.workspace?.configuration === true ? 'yes' : 'no';
    const log: ServerContext['log'] = (level, text) => {
      if (level === 'error') connection.console.error(text);
      else if (level === 'warning') connection.console.warn(text);
      else connection.console.info(text);
    };
    const workspace = await watchWorkspace(rootOf(params));
    const traces = createTraceShelf(() => workspace.storeFolder());
    const analyses = createAnalysisShelf(() => workspace.storeFolder());
    const jobs = createJobDirector({
      engineModule,
      workspace,
      traces,
      analyses,
      settings: () => settings,
      texts,
      notify: (name, value) => {
        void connection.sendNotification(name, value);
        // What a job left in the store changes what is there.
        if (name === 'whence/jobChanged' && 'state' in value && value.state === 'done') void tellState();
      },
      log,
    });
    const findings = createFindingIndex(traces, workspace);
    const tags = createTagIndex(findings, analyses, workspace);
    context = {
      connection,
      options,
      texts,
      documents,
      workspace,
      traces,
      analyses,
      findings,
      tags,
      largeFiles: createLargeFiles(tags),
      probes: createProbeIndex(analyses, workspace, findings.hashOf),
      labelVerdicts: createLabelVerdicts(() => workspace.storeFolder()),
      jobs,
      doubtsChanged: () => features?.doubtsChanged(),
      settings: () => settings,
      trust: () => trust,
      log,
    };
    connection.onRequest('whence/trust', async () => {
      trust = 'trusted';
      features?.reload();
      await tellState();
      return null;
    });
    registerRequests(connection, context);
    const known = context;
    features = registerFeatures(connection, known, params.capabilities, (uri, line) => {
      const section = influenceSection({ uri, line }, known);
      const text = fileLines(known, uri)?.text(line);
      const marked = settings.marksPruning && text !== undefined;
      const pruning = marked ? pruningSection(findings.hashOf(text), analyses, options.tags, texts.say) : undefined;
      return [section, ...probeSections(known, uri, line), pruning].filter((one) => one !== undefined);
    });
    analyses.onChange(() => {
      features?.doubtsChanged();
      connection.sendNotification('whence/findingsChanged', { uri: null, active: traces.shown()?.active ?? null });
    });
    return {
      serverInfo: { name: 'whence', version },
      capabilities: {
        ...featureCapabilities,
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
      },
    };
  });

  connection.onInitialized(async () => {
    await readSettings();
    if (asksConfiguration === 'yes')
      await connection.client.register(DidChangeConfigurationNotification.type, { section: 'whence' });
    await tellState();
  });
  connection.onDidChangeConfiguration(async () => {
    await readSettings();
    features?.reload();
    connection.sendNotification('whence/findingsChanged', {
      uri: null,
      active: context?.traces.shown()?.active ?? null,
    });
  });
  connection.onDidChangeWatchedFiles(async ({ changes }) => {
    if (!changes.some(({ uri }) => uri.endsWith(`/${workspaceFileName}`))) return;
    await context?.workspace.reload();
    features?.reload();
    await tellState();
  });
  connection.onShutdown(async () => {
    features?.dispose();
    await context?.largeFiles.closeAll();
    await context?.jobs.close();
  });
  documents.listen(connection);
  connection.listen();
}

/** What the shown probe says of the row on a line. */
function probeSections(context: ServerContext, uri: string, line: number): readonly string[] {
  const lines = fileLines(context, uri);
  const probed = lines === undefined ? undefined : context.probes.at(uri, lines, line);
  if (probed === undefined || !context.settings().marksProbes) return [];
  const isRight = probed.kind === 'label' && context.labelVerdicts.isRight(probed.probe.label, probed.known.row.hash);
  return [provideProbeSection(probed, isRight ? 'right' : 'none', context.texts.say)];
}

function registerRequests(connection: Connection, context: ServerContext): void {
  for (const name of Object.keys(requestTable) as TabledRequestName[]) {
    const handler = requestTable[name];
    connection.onRequest<unknown, unknown>(name as string, async (params, token) => {
      try {
        return await handler(params as never, context, token);
      } catch (error) {
        if (error instanceof UserError) {
          const data = translated(error.toData(), context.texts);
          throw new ResponseError(ErrorCodes.InvalidParams, data.message, data);
        }
        context.log('error', String((error as Error).stack ?? error));
        throw error;
      }
    });
  }
}

function translated({ message, next, ...rest }: UserErrorData, { translate }: ServerTexts): UserErrorData {
  return { ...rest, message: translate(message), next: translate(next) };
}

/** A plain LSP editor sends none: tags are inlay hints then, and trust is the editor's own affair. */
function optionsOf({ initializationOptions, locale }: InitializeParams): EditorOptions {
  const sent: unknown = initializationOptions;
  const given = (typeof sent === 'object' && sent !== null ? sent : {}) as Partial<
    Record<keyof EditorOptions, unknown>
  >;
  return {
    trust: given.trust === 'restricted' ? 'restricted' : 'trusted',
    tags: given.tags === 'client' ? 'client' : 'inlayHints',
    hovers: given.hovers === 'html' ? 'html' : 'plain',
    // Any editor may say its language where the protocol has a place for it.
    locale: typeof given.locale === 'string' ? given.locale : (locale ?? 'en'),
  };
}

function rootOf({ workspaceFolders, rootUri }: InitializeParams): string {
  const uri = workspaceFolders?.[0]?.uri ?? rootUri;
  return uri?.startsWith('file:') ? fileURLToPath(uri) : process.cwd();
}
