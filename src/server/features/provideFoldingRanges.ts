import type { FoldingRange } from 'vscode-languageserver-types';
import type { RowDocument } from '../documents/rowDocument';

const mostRanges = 5000;

/** Rows that reach over several lines; where each row is a line there is nothing to fold. */
export function provideFoldingRanges(document: RowDocument): FoldingRange[] {
  const { format } = document.options;
  if (format === 'jsonl' || format === 'text') return [];
  const ranges: FoldingRange[] = [];
  for (let number = 0; number < document.rowCount && ranges.length < mostRanges; number++) {
    const { start, end } = document.rowNumbered(number)!;
    if (end.line > start.line) ranges.push({ startLine: start.line, endLine: end.line });
  }
  return ranges;
}
