import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { WhenceApi } from '../../../src/client/extension';
import { failureMessage } from '../../../src/client/testing/failureMessage';
import { waitFor } from '../support/waitFor';
import { fileOf } from './support/traceSample';
import { activatedExtension } from './support/whence';

describe('behaviour tests', () => {
  let whence: WhenceApi;

  before(async () => {
    whence = (await activatedExtension()).exports;
    await whence.context.behaviours.refresh();
  });

  it('stand in the Testing view, each at its line of behaviours.jsonl', async () => {
    const document = await vscode.workspace.openTextDocument(fileOf('behaviours.jsonl'));
    const rows = document.getText().trim().split('\n');
    assert.equal(whence.tests.items.size, rows.length);
    for (const [line, row] of rows.entries()) {
      const { id, prompt } = JSON.parse(row) as { id: string; prompt?: string };
      const item = whence.tests.items.get(id);
      assert.ok(item, id);
      assert.equal(item.uri?.toString(), document.uri.toString());
      assert.equal(item.range?.start.line, line);
      if (prompt !== undefined) assert.equal(item.description, prompt);
    }
  });

  it('run on the base beside the tuned model; a failure tells expected, actual and what each model said', async function () {
    this.timeout(600_000);
    const { behaviours } = whence.context;
    await vscode.commands.executeCommand('testing.runAll');
    await waitFor('results', () => (behaviours.failures().length > 0 ? true : undefined));
    const [failed] = behaviours.failures();
    const result = behaviours.resultOf(failed!.id)!;
    assert.deepEqual(
      result.results.map(({ model }) => model),
      ['base', 'tuned'],
    );
    const message = failureMessage(result, undefined);
    assert.notEqual(message.expectedOutput, '');
    assert.equal(message.actualOutput, result.results[1]!.answer);
  });

  it('a failure is traced: the model’s own answer to that prompt', async function () {
    this.timeout(600_000);
    const [failed] = whence.context.behaviours.failures();
    void vscode.commands.executeCommand('whence.traceFailure', whence.tests.items.get(failed!.id));
    const view = await waitFor('the finding', () => {
      const job = whence.context.jobs.list().find(({ state }) => state === 'failed');
      if (job !== undefined) throw new Error(job.error?.message);
      return whence.context.findings.view() ?? undefined;
    });
    const asked = typeof failed!.prompt === 'string' ? failed!.prompt : failed!.prompt.at(-1)!.content;
    assert.ok(view.prompt.includes(asked));
    const answer = whence.context.behaviours.resultOf(failed!.id)!.results[1]!.answer!;
    assert.ok(view.completion.includes(answer.trim().slice(0, 20)), `${view.completion} | ${answer}`);
  });

  it('follow their file', async () => {
    const uri = fileOf('behaviours.jsonl');
    const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
    const added = JSON.stringify({ id: 'added-now', prompt: 'Who are you?', expect: { contains: ['assistant'] } });
    await vscode.workspace.fs.writeFile(uri, Buffer.from(`${text.trimEnd()}\n${added}\n`));
    await waitFor('the added test', () => whence.tests.items.get('added-now'));
    await vscode.workspace.fs.writeFile(uri, Buffer.from('{"id": broken\n'));
    await waitFor('the problem', () => whence.tests.items.get('problem')?.error);
    await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
    await waitFor('the tests', () => (whence.tests.items.size > 1 ? true : undefined));
    assert.equal(whence.tests.items.get('added-now'), undefined);
  });
});
