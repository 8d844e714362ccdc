import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CancellationToken } from 'vscode-languageserver/node';
import { dataLimits } from '../../data/limits';
import { discoverWorkspace, discoveryLimits } from '../../data/workspace/discover';
import { renderWorkspace } from '../../data/workspace/render';
import type { EditorRequestName, EditorRequests } from '../../protocol/editor';
import type { EditorJobKind } from '../../protocol/editorJobs';
import { inputError } from '../../protocol/errors';
import { nearDuplicates } from '../acts/findNearDuplicates';
import { makeAct, rowPage } from '../acts/makeAct';
import type { ServerContext } from '../context';
import { rowDossier } from '../dossier/rowDossier';
import { findingsView } from '../findings/findingsView';
import { editorJobTable } from '../jobs/jobTable';
import { workspaceBehaviours } from '../jobs/test';
import { editorState } from './editorState';
import { exportTrace } from './exportTrace';
import { fileLines } from './fileLines';
import { rowPlaces } from './rowPlaces';

type Handler<N extends EditorRequestName> = (
  params: EditorRequests[N]['params'],
  context: ServerContext,
  token: CancellationToken,
) => EditorRequests[N]['result'] | Promise<EditorRequests[N]['result']>;

/** Requests that are answered elsewhere: `startServer` hears of trust, `features/registerFeatures` knows open documents. */
type AnsweredElsewhere = 'whence/trust' | 'whence/rowText' | 'whence/summary';
export type TabledRequestName = Exclude<EditorRequestName, AnsweredElsewhere>;

/** Every other request of the editor's own client; one that is missing does not compile. */
export const requestTable: { readonly [N in TabledRequestName]: Handler<N> } = {
  'whence/state': (_, context) => editorState(context),
  'whence/discover': async ({ folder }, context) => {
    requireTrust(context);
    const { proposal } = await discoverWorkspace(folder, dataLimits, discoveryLimits);
    const names = [...Object.keys(proposal.models ?? {}), ...Object.keys(proposal.data ?? {})];
    return { text: renderWorkspace(proposal), found: names };
  },
  'whence/startJob': (job, context) => {
    requireTrust(context);
    requireKnownKind(job.kind);
    return { id: context.jobs.start(job) };
  },
  'whence/cancelJob': ({ id }, { jobs }) => {
    jobs.cancel(id);
    return null;
  },
  'whence/resumeJob': ({ id }, context) => {
    requireTrust(context);
    return { id: context.jobs.resume(id) };
  },
  'whence/jobs': (_, { jobs }) => jobs.views(),
  'whence/jobResult': ({ id }, { jobs }) => jobs.result(id) ?? null,
  'whence/traces': (_, { traces }) => traces.list(),
  'whence/trace': ({ id }, { traces }) => traces.read(id) ?? null,
  'whence/activate': (active, { traces, connection }) => {
    traces.activate(active);
    connection.sendNotification('whence/findingsChanged', { uri: null, active });
    return null;
  },
  'whence/analyses': (_, { analyses }) =>
    analyses
      .list()
      .map(({ kind, id, title, when }) => ({ kind, id, title, when, shown: analyses.shown(kind)?.id === id })),
  'whence/analysis': ({ id }, { analyses }) => analyses.read(id) ?? null,
  'whence/showAnalysis': ({ kind, id }, { analyses }) => {
    analyses.show(kind, id);
    return null;
  },
  'whence/rowPlace': (row, context) => {
    const { uri, line, state } = rowPlaces(context)(row);
    return uri === null || line === null ? null : { uri, line, state };
  },
  'whence/keepLabel': async ({ uri, line }, context) => {
    const lines = fileLines(context, uri);
    const hash = lines === undefined ? undefined : context.findings.hashOf(lines.text(line));
    const probe = context.probes.label();
    if (hash === undefined || probe === undefined)
      throw inputError('no-probed-row', `There is no probed row in line ${line + 1}.`, 'Choose a row with a mark ◇.');
    await context.labelVerdicts.setRight(probe.label, hash);
    context.doubtsChanged();
    return null;
  },
  'whence/findings': (choice, context) => {
    const shown = context.traces.shown();
    if (shown === undefined) return null;
    return findingsView(shown, choice, rowPlaces(context), (hash) => context.traces.verdictOf(hash), context.texts);
  },
  'whence/tags': ({ uri, first, last }, context) => {
    const lines = fileLines(context, uri);
    const settings = context.settings();
    if (lines === undefined || !settings.marksEnabled) return { version: lines?.version ?? null, tags: [] };
    const to = Math.min(last, lines.count, first + mostLines);
    return { version: lines.version, tags: context.tags.tags(uri, lines, first, to, settings) };
  },
  'whence/strip': ({ uri }, context) => {
    const lines = fileLines(context, uri);
    const { marksEnabled, overviewRuler, marksPreset } = context.settings();
    if (lines === undefined || !marksEnabled || !overviewRuler) return [];
    return context.findings.strip(uri, lines, marksPreset);
  },
  'whence/export': async (choice, context) => {
    await exportTrace(choice, context, fileURLToPath(new URL('./webview', import.meta.url)));
    return null;
  },
  'whence/dossier': (row, context) => rowDossier(row, context),
  'whence/nearDuplicates': (row, context) => nearDuplicates(row, context),
  'whence/act': (act, context) => makeAct(act, context),
  'whence/rowPage': (row, context) => rowPage(row, context),
  'whence/largeRows': (params, context) => {
    const settings = context.settings();
    return context.largeFiles.rows(params, settings.marksEnabled ? settings : null);
  },
  'whence/largeFind': async ({ uri, text, from }, context, token) => {
    const cancel = new AbortController();
    token.onCancellationRequested(() => cancel.abort());
    return { line: await context.largeFiles.find(uri, text, from, cancel.signal) };
  },
  'whence/largeClose': async ({ uri }, context) => {
    await context.largeFiles.close(uri);
    return null;
  },
  'whence/verdict': async ({ row, verdict }, context) => {
    const text = fileLines(context, row.uri)?.text(row.line) ?? (await context.largeFiles.line(row.uri, row.line));
    const hash = text === undefined ? undefined : context.findings.hashOf(text);
    if (hash === undefined) throw inputError('no-row', `There is no row in line ${row.line + 1}.`, 'Choose a row.');
    await context.traces.setVerdict(hash, verdict);
    context.connection.sendNotification('whence/findingsChanged', {
      uri: row.uri,
      active: context.traces.shown()?.active ?? null,
    });
    return null;
  },
  'whence/behaviours': async (_, { workspace }) => {
    const file = workspace.workspace()?.behaviours;
    if (file === undefined) return { uri: null, cases: [] };
    return { uri: pathToFileURL(file).href, cases: await workspaceBehaviours(workspace) };
  },
};

/** Lines that one answer covers. */
const mostLines = 1000;

function requireTrust({ trust }: ServerContext): void {
  if (trust() === 'trusted') return;
  throw inputError(
    'untrusted-workspace',
    'This workspace is not trusted, so nothing of it is run.',
    'Trust it (Workspaces: Manage Workspace Trust) if you know where it comes from.',
  );
}

function requireKnownKind(kind: EditorJobKind): void {
  if (Object.hasOwn(editorJobTable, kind)) return;
  throw inputError('job-kind-unknown', `There is no job of the kind "${String(kind).slice(0, 40)}".`, 'Update Whence.');
}
