import type { CodeLens } from 'vscode-languageserver-types';
import type { Say } from '../../protocol/display/serverText';
import { type DataSummary, summarySentence } from './summarizeData';

/** What can be done with a data file from its first line. */
const offered = [
  ['lens.trace', 'whence.trace'],
  ['lens.ask', 'whence.ask'],
] as const;

/**
 * The line at the top of a data file. It shows what is known already and computes nothing.
 *
 * @param commands ids that the editor knows and that may be run now
 */
export function provideCodeLenses(
  uri: string,
  summary: DataSummary,
  commands: readonly string[],
  say: Say,
): CodeLens[] {
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  // A lens without a command is plain text.
  const first: CodeLens = { range, command: { title: summarySentence(summary, say), command: '' } };
  if (summary.model === undefined) return [first];
  return [
    first,
    ...offered
      .filter(([, command]) => commands.includes(command))
      .map(([key, command]) => ({ range, command: { title: say(key), command, arguments: [uri] } })),
  ];
}
