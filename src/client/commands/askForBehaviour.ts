import * as vscode from 'vscode';
import type { BehaviourChoice } from '../../protocol/editorJobs';
import type { ReadyContext } from '../context';
import { promptText } from '../testing/promptText';
import { answerTo, answerToTest } from './answerTo';

interface Way extends vscode.QuickPickItem {
  ask(): Promise<BehaviourChoice | undefined> | BehaviourChoice | undefined;
}

/** Asks which behaviour is to be traced; undefined: the user thought better of it. */
export async function askForBehaviour(context: ReadyContext): Promise<BehaviourChoice | undefined> {
  const title = vscode.l10n.t('Trace');
  const placeHolder = vscode.l10n.t('Which behaviour?');
  const way = await vscode.window.showQuickPick(waysOf(context), { title, placeHolder, matchOnDetail: true });
  return way?.ask();
}

async function waysOf(context: ReadyContext): Promise<Way[]> {
  const { t } = vscode.l10n;
  // Asked for, not remembered: right after a window opened, nothing has been heard yet, and half of the ways would be missing.
  const { queries, behaviours } = await context.language.request('whence/state', null);
  const ways: Way[] = [
    { label: `$(comment) ${t('A prompt')}`, detail: t("The model's own answer to it is traced."), ask: askPrompt },
    {
      label: `$(comment-discussion) ${t('A prompt with a completion')}`,
      detail: t('What the model is to have said is traced, whether it says so or not.'),
      ask: askCompletion,
    },
  ];
  const editor = vscode.window.activeTextEditor;
  const selected = editor?.document.getText(editor.selection).trim() ?? '';
  if (selected !== '')
    ways.unshift({ label: `$(selection) ${t('The selected text')}`, detail: selected, ask: () => answerTo(selected) });
  if (queries !== null)
    ways.push(
      {
        label: `$(list-selection) ${t('A query')}`,
        detail: nameOf(queries.uri),
        ask: () => askQueryLine(vscode.Uri.parse(queries.uri)),
      },
      {
        label: `$(list-flat) ${t('All queries')}`,
        detail: nameOf(queries.uri),
        ask: () => ({ kind: 'workspaceQueries' }),
      },
    );
  if (behaviours !== null)
    ways.push({
      label: `$(beaker) ${t('A behaviour test')}`,
      detail: t('Tests that failed stand first.'),
      ask: () => askTest(context),
    });
  return ways;
}

async function askPrompt(): Promise<BehaviourChoice | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Trace'),
    prompt: vscode.l10n.t('What is the model asked? Its own answer is traced.'),
    ignoreFocusOut: true,
  });
  return text === undefined || text.trim() === '' ? undefined : answerTo(text);
}

async function askCompletion(): Promise<BehaviourChoice | undefined> {
  const title = vscode.l10n.t('Trace');
  const options = { title, ignoreFocusOut: true };
  const text = await vscode.window.showInputBox({ ...options, prompt: vscode.l10n.t('What is the model asked?') });
  if (text === undefined || text.trim() === '') return undefined;
  const said = vscode.l10n.t('What is to be traced as its answer?');
  const completion = await vscode.window.showInputBox({ ...options, prompt: said });
  if (completion === undefined || completion === '') return undefined;
  // A turn of a conversation, as a person means it; a model without a template is asked the bare text.
  const prompt = { kind: 'messages', messages: [{ role: 'user', content: text }] } as const;
  return { kind: 'text', prompt, completion, rejected: null, measurement: null };
}

/** Lines that the list offers at most. */
const mostLines = 2000;

async function askQueryLine(uri: vscode.Uri): Promise<BehaviourChoice | undefined> {
  const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
  const items = text
    .split('\n')
    .slice(0, mostLines)
    .flatMap((row, line) => (row.trim() === '' ? [] : [{ ...queryItem(row, line), line }]));
  const placeHolder = vscode.l10n.t('Which query?');
  const chosen = await vscode.window.showQuickPick(items, {
    placeHolder,
    matchOnDetail: true,
    matchOnDescription: true,
  });
  return chosen === undefined ? undefined : { kind: 'queryLine', uri: uri.toString(), line: chosen.line };
}

/** A query as a list shows it; whether it is one is for the server to say. */
function queryItem(row: string, line: number): vscode.QuickPickItem {
  const value = parsed(row);
  const turns = Array.isArray(value.messages) ? value.messages.map((turn) => String(turn?.content ?? '')) : [];
  const asked = turns.length > 0 ? turns.slice(0, -1).join(' ') : String(value.prompt ?? row.slice(0, 200));
  const said = turns.length > 0 ? (turns.at(-1) ?? '') : String(value.completion ?? '');
  return { label: asked, description: String(value.id ?? line + 1), detail: said };
}

function parsed(row: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(row);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    // It stays in the list as it is; choosing it tells what is wrong with it.
    return {};
  }
}

async function askTest({ behaviours }: ReadyContext): Promise<BehaviourChoice | undefined> {
  if (behaviours.cases().length === 0) await behaviours.refresh();
  const failed = new Set(behaviours.failures());
  const items = [...failed, ...behaviours.cases().filter((test) => !failed.has(test))].map((test) => ({
    label: `$(${failed.has(test) ? 'error' : 'beaker'}) ${promptText(test)}`,
    description: test.id,
    detail: behaviours.resultOf(test.id)?.results.at(-1)?.answer ?? '',
    test,
  }));
  const placeHolder = vscode.l10n.t("Which test? The model's own answer to it is traced.");
  const chosen = await vscode.window.showQuickPick(items, {
    placeHolder,
    matchOnDetail: true,
    matchOnDescription: true,
  });
  return chosen === undefined ? undefined : answerToTest(chosen.test);
}

function nameOf(uri: string): string {
  return vscode.workspace.asRelativePath(vscode.Uri.parse(uri));
}
