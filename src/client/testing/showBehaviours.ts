import * as vscode from 'vscode';
import type { BehaviourCase, TestedBehaviour } from '../../protocol/behaviour';
import { awaitJob } from '../commands/runJob';
import type { Context } from '../context';
import { failureMessage, resultLines } from './failureMessage';
import { promptText } from './promptText';

export const behaviourController = 'whence.behaviours';

/** Behaviour tests in the Testing view: lines of behaviours.jsonl, run on the base beside the tuned model. */
export function showBehaviours(context: Context): vscode.TestController {
  const { extension, behaviours } = context;
  const controller = vscode.tests.createTestController(behaviourController, vscode.l10n.t('Behaviour tests'));
  controller.refreshHandler = () => behaviours.refresh();
  // Called when the Testing view is first opened: nothing is read before.
  controller.resolveHandler = async (item) => {
    if (item === undefined) await behaviours.refresh();
  };
  const draw = (): void => {
    const uri = behaviours.uri() ?? undefined;
    const problem = behaviours.problem();
    if (problem !== null) {
      const item = controller.createTestItem('problem', vscode.l10n.t('Behaviour tests could not be read'), uri);
      item.error = problem;
      controller.items.replace([item]);
      return;
    }
    controller.items.replace(behaviours.cases().map((test) => testItem(test, uri, controller)));
  };
  const run = async (request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> => {
    const testRun = controller.createTestRun(request);
    const items = itemsOf(request, controller);
    try {
      for (const item of items) testRun.enqueued(item);
      const ready = { ...context, language: await context.server() };
      const ids = request.include === undefined && request.exclude === undefined ? null : items.map(({ id }) => id);
      for (const item of items) testRun.started(item);
      const { result } = await awaitJob({ kind: 'test', ids, models: null }, ready, token);
      behaviours.record(result.tests);
      for (const item of items)
        report(
          item,
          result.tests.find(({ id }) => id === item.id),
          testRun,
        );
    } catch (error) {
      if (error instanceof vscode.CancellationError) for (const item of items) testRun.skipped(item);
      else {
        const text = error instanceof Error ? error.message : String(error);
        for (const item of items) testRun.errored(item, new vscode.TestMessage(text));
      }
    } finally {
      testRun.end();
    }
  };
  const title = vscode.l10n.t('Base beside tuned');
  const profile = controller.createRunProfile(title, vscode.TestRunProfileKind.Run, run, true);
  extension.subscriptions.push(controller, profile, behaviours.onChange(draw));
  draw();
  return controller;
}

function testItem(
  test: BehaviourCase,
  uri: vscode.Uri | undefined,
  controller: vscode.TestController,
): vscode.TestItem {
  const item = controller.createTestItem(test.id, test.id, uri);
  item.description = promptText(test);
  item.tags = test.tags.map((tag) => new vscode.TestTag(tag));
  const { line, row } = test.address;
  const at = line === undefined ? row : line - 1;
  item.range = new vscode.Range(at, 0, at, 0);
  // Order of the file, not of names.
  item.sortText = `${row}`.padStart(9, '0');
  return item;
}

function itemsOf({ include, exclude }: vscode.TestRunRequest, { items }: vscode.TestController): vscode.TestItem[] {
  const all = include ?? [...items].map(([, item]) => item);
  return all.filter((item) => !exclude?.includes(item) && item.error === undefined);
}

function report(item: vscode.TestItem, test: TestedBehaviour | undefined, run: vscode.TestRun): void {
  if (test === undefined) {
    run.skipped(item);
    return;
  }
  const location =
    item.uri === undefined || item.range === undefined ? undefined : new vscode.Location(item.uri, item.range);
  run.appendOutput(`${resultLines(test).join('\r\n')}\r\n`, location, item);
  if (test.results.at(-1)?.passed === true) run.passed(item);
  else run.failed(item, failureMessage(test, location));
}
