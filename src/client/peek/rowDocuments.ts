/**
 * peek/ shows one row as a document that can be read: the conversation, and what is known of it. Nothing can be edited
 * there, and it follows the row while it is open.
 */
import * as vscode from 'vscode';
import type { RowDossier } from '../../protocol/editorFindings';
import type { RowReference } from '../../protocol/editorJobs';
import { targetRows } from '../commands/actsTarget';
import { runJob } from '../commands/runJob';
import type { Context, LanguageServer, ReadyContext } from '../context';

const scheme = 'whence-conversation';

/** Peeks at a row as a conversation, beside the row. */
export async function peekRow(_: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  const [row] = targetRows(given);
  const uri = vscode.Uri.parse(row!.uri);
  const at = new vscode.Position(row!.line, 0);
  const editor = await vscode.window.showTextDocument(uri, { selection: new vscode.Range(at, at) });
  const page = new vscode.Location(documentUri(row!), new vscode.Position(0, 0));
  await vscode.commands.executeCommand('editor.action.peekLocations', editor.document.uri, at, [page], 'peek');
}

/** Opens what is known of a row beside the file. */
export async function showDossier(_: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  const [row] = targetRows(given);
  const document = await vscode.workspace.openTextDocument(documentUri(row!));
  await vscode.languages.setTextDocumentLanguage(document, 'markdown');
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
}

/** Losses of the rows of a file, under the model and its base. */
export async function computeLosses(context: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  const [row] = targetRows(given);
  await runJob({ kind: 'score', model: null, uri: row!.uri }, context);
}

/** Milliseconds of quiet after typing before a document is made anew. */
const quietTime = 500;

/** Registers the documents. */
export function provideRowDocuments(context: Context): void {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  let timer: NodeJS.Timeout | undefined;
  const refresh = (of: (row: RowReference) => boolean): void => {
    for (const { uri } of vscode.workspace.textDocuments)
      if (uri.scheme === scheme && of(rowOf(uri))) changed.fire(uri);
  };
  const hear = (server: LanguageServer): void => {
    context.extension.subscriptions.push(
      server.onNotification('whence/findingsChanged', () => refresh(() => true)),
      server.onNotification('whence/jobChanged', ({ kind, state }) => {
        if (kind === 'score' && state === 'done') refresh(() => true);
      }),
    );
  };
  context.extension.subscriptions.push(
    changed,
    context.onServer(hear),
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: async (uri) => contentOf(rowOf(uri), await context.server()),
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.uri.scheme !== 'file') return;
      clearTimeout(timer);
      timer = setTimeout(() => refresh((row) => row.uri === document.uri.toString()), quietTime);
    }),
    { dispose: () => clearTimeout(timer) },
  );
}

async function contentOf(row: RowReference, server: LanguageServer): Promise<string> {
  const [text, dossier] = await Promise.all([
    server.request('whence/rowText', row),
    server.request('whence/dossier', row),
  ]);
  if (text === null && dossier === null) return vscode.l10n.t('There is no row on this line any more.');
  return [text, dossier === null ? null : dossierText(dossier)].filter((part) => part !== null).join('\n\n---\n\n');
}

/** What is known of a row, in markdown. */
function dossierText({ lossBase, lossTuned, selfInfluence, duplicates, moves, verdict }: RowDossier): string {
  const number = (value: number | null): string =>
    value === null ? vscode.l10n.t('not computed') : value.toPrecision(3);
  const verdicts = {
    relevant: vscode.l10n.t('relevant'),
    notRelevant: vscode.l10n.t('not relevant'),
    none: vscode.l10n.t('none'),
  };
  const facts = [
    vscode.l10n.t('Loss a trained token: base {0}, tuned {1}', number(lossBase), number(lossTuned)),
    vscode.l10n.t('Self-influence: {0}', number(selfInfluence)),
    vscode.l10n.t('Verdict: {0}', verdicts[verdict]),
    vscode.l10n.t('Near-duplicates: {0}', duplicates.map(({ line }) => line + 1).join(', ') || vscode.l10n.t('none')),
  ];
  const moved = moves.map(({ query, rank, score }) => {
    const effect = score > 0 ? '▲' : '▼';
    return `- ${effect} #${rank} ${query.replaceAll('\n', ' ').slice(0, 120)}`;
  });
  const heading = vscode.l10n.t('Behaviours it moves');
  const listed = moved.length === 0 ? [vscode.l10n.t('None of the kept traces.')] : moved;
  return `${facts.map((fact) => `- ${fact}`).join('\n')}\n\n### ${heading}\n\n${listed.join('\n')}\n`;
}

function documentUri({ uri, line }: RowReference): vscode.Uri {
  const name = vscode.Uri.parse(uri).path.split('/').at(-1);
  return vscode.Uri.from({ scheme, path: `/${name} line ${line + 1}.md`, query: JSON.stringify([uri, line]) });
}

function rowOf({ query }: vscode.Uri): RowReference {
  const [uri, line] = JSON.parse(query) as readonly [unknown, unknown];
  if (typeof uri !== 'string' || typeof line !== 'number')
    throw new Error(`internal: no row in ${query.slice(0, 200)}`);
  return { uri, line };
}
