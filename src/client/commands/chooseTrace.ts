import * as vscode from 'vscode';
import type { TraceSummary } from '../../protocol/editorFindings';
import { traceMethods } from '../../protocol/influence';
import type { ReadyContext } from '../context';
import { forgetShown } from '../views/findings/createFindings';
import { showTrace, traceBy } from './trace';

/** Shows a trace that was kept. */
export async function chooseTrace(context: ReadyContext, given: unknown): Promise<void> {
  if (typeof given === 'string') {
    await showTrace(given, context);
    return;
  }
  const traces = await context.language.request('whence/traces', null);
  if (traces.length === 0) {
    const now = vscode.l10n.t('Trace…');
    const chosen = await vscode.window.showInformationMessage(vscode.l10n.t('Nothing has been traced yet.'), now);
    if (chosen === now) await vscode.commands.executeCommand('whence.trace');
    return;
  }
  const shown = context.findings.view()?.active.trace;
  const items = [...traces].reverse().map((summary) => ({
    label: `$(${summary.id === shown ? 'eye' : 'history'}) ${summary.title}`,
    description: `${new Date(summary.when).toLocaleString(vscode.env.language)} · ${summary.methods.join(', ')}`,
    detail: verdictLine(summary),
    id: summary.id,
  }));
  const placeHolder = vscode.l10n.t('Which trace is shown beside the rows?');
  const chosen = await vscode.window.showQuickPick(items, {
    placeHolder,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (chosen === undefined) return;
  await showTrace(chosen.id, context);
  const { queries } = traces.find(({ id }) => id === chosen.id)!;
  if (queries.length > 1) await pickQuery(queries, context);
  await vscode.commands.executeCommand('whence.findings.focus');
}

/** Shows another query of the shown trace. */
export async function chooseQuery(context: ReadyContext): Promise<void> {
  const shown = context.findings.view()?.active;
  const traces = await context.language.request('whence/traces', null);
  const summary = traces.find(({ id }) => id === shown?.trace);
  if (summary !== undefined) await pickQuery(summary.queries, context);
}

/** Shows the same query by another method; one that was not used yet is computed. */
export async function chooseMethod(context: ReadyContext): Promise<void> {
  const shown = context.findings.view()?.active;
  if (shown === undefined) return;
  const traces = await context.language.request('whence/traces', null);
  const known = traces.find(({ id }) => id === shown.trace)?.methods ?? [];
  const others = traceMethods.filter((method) => !known.includes(method));
  const separator = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator, method: undefined });
  const items = [
    separator(vscode.l10n.t('computed')),
    ...known.map((method) => ({ label: method, description: method === shown.method ? '$(eye)' : '', method })),
    separator(vscode.l10n.t('to compute')),
    ...others.map((method) => ({ label: method, method })),
  ];
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('By which method?') });
  if (chosen?.method === undefined) return;
  if (known.includes(chosen.method))
    await context.language.request('whence/activate', { ...shown, method: chosen.method });
  else await traceBy(chosen.method, context);
}

/** Takes the finding from beside the rows; the trace is kept. */
export async function clearFindings(context: ReadyContext): Promise<void> {
  await forgetShown(context, context.language);
}

async function pickQuery(queries: TraceSummary['queries'], { language, findings }: ReadyContext): Promise<void> {
  await findings.settled();
  const shown = findings.view()?.active;
  if (shown === undefined) return;
  const items = queries.map(({ id, prompt, verdict }, query) => ({
    label: prompt,
    description: id,
    detail: verdictText(verdict),
    query,
  }));
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which query?') });
  if (chosen !== undefined) await language.request('whence/activate', { ...shown, query: chosen.query });
}

function verdictLine({ queries }: TraceSummary): string {
  if (queries.length === 1) return verdictText(queries[0]!.verdict);
  const standing = queries.filter(({ verdict }) => verdict === 'rowsStandOut').length;
  return vscode.l10n.t('rows stand out for {0} of {1} queries', standing, queries.length);
}

function verdictText(verdict: string): string {
  const texts: Readonly<Record<string, string>> = {
    rowsStandOut: vscode.l10n.t('rows stand out'),
    noRowStandsOut: vscode.l10n.t('no row stands out'),
    baseDoesIt: vscode.l10n.t('the base model does this too'),
    notRanked: vscode.l10n.t('the fine-tune did not make it'),
  };
  return texts[verdict] ?? verdict;
}
