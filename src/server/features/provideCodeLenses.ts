import type { CodeLens } from 'vscode-languageserver-types';
import { type DataSummary, summarySentence } from './summarizeData';

/**
 * The line at the top of a data file. It shows what is known already and computes nothing.
 *
 * @param trust in a restricted workspace nothing can be run, so nothing is offered
 */
export function provideCodeLenses(uri: string, summary: DataSummary, trust: 'trusted' | 'restricted'): CodeLens[] {
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  const lens = (title: string, command: string): CodeLens => ({ range, command: { title, command, arguments: [uri] } });
  const first = lens(summarySentence(summary), 'whence.inspect');
  if (trust === 'restricted' || summary.model === undefined) return [first];
  return [first, lens('Trace…', 'whence.trace'), lens('Ask…', 'whence.ask')];
}
