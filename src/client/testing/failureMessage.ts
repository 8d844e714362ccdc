import * as vscode from 'vscode';
import type { TestedBehaviour } from '../../protocol/behaviour';
import { expectationText } from './expectationText';

/** Why a test failed: expected beside actual, and what every model said. */
export function failureMessage(test: TestedBehaviour, location: vscode.Location | undefined): vscode.TestMessage {
  const last = test.results.at(-1)!;
  const actual = last.answer ?? (last.margin === null ? '' : vscode.l10n.t('margin {0} nats', last.margin.toFixed(2)));
  const text = new vscode.MarkdownString();
  text.appendMarkdown(`**${vscode.l10n.t('Asked')}** `).appendText(`${test.prompt}\n`);
  for (const { model, passed, answer, reason } of test.results) {
    text
      .appendMarkdown(`- ${passed ? '✓' : '✗'} **`)
      .appendText(model)
      .appendMarkdown('**: ');
    text.appendText(answer ?? reason);
    if (answer !== null) text.appendMarkdown(' — ').appendText(reason);
    text.appendMarkdown('\n');
  }
  const message = new vscode.TestMessage(text);
  message.expectedOutput = expectationText(test.expect);
  message.actualOutput = actual;
  if (location !== undefined) message.location = location;
  return message;
}

/** The same as plain lines, for the output of the run. */
export function resultLines({ id, results }: TestedBehaviour): readonly string[] {
  return [
    id,
    ...results.map(
      ({ model, passed, answer, reason }) => `  ${passed ? '✓' : '✗'} ${model}: ${answer ?? ''} (${reason})`,
    ),
  ];
}
