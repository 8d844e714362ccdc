import type { CodeLens } from 'vscode-languageserver-types';
import { type DataSummary, summarySentence } from './summarizeData';

/** What can be done with a data file from its first line. */
const offered = [
  ['Trace…', 'whence.trace'],
  ['Ask…', 'whence.ask'],
] as const;

/**
 * The line at the top of a data file. It shows what is known already and computes nothing.
 *
 * @param commands ids that the editor knows and that may be run now
 */
export function provideCodeLenses(uri: string, summary: DataSummary, commands: readonly string[]): CodeLens[] {
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  // A lens without a command is plain text.
  const first: CodeLens = { range, command: { title: summarySentence(summary), command: '' } };
  if (summary.model === undefined) return [first];
  return [
    first,
    ...offered
      .filter(([, command]) => commands.includes(command))
      .map(([title, command]) => ({ range, command: { title, command, arguments: [uri] } })),
  ];
}
