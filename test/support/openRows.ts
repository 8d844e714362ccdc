import type { CancellationToken } from 'vscode-languageserver/node';
import { dataLimits } from '../../src/data/limits';
import { LineText } from '../../src/server/documents/lineText';
import { RowDocument, type RowFormat, type RowHolding } from '../../src/server/documents/rowDocument';

/** A token of work that is always wanted. */
export const neverCancelled: CancellationToken = {
  isCancellationRequested: false,
  onCancellationRequested: () => ({ dispose: () => undefined }),
};

/** A text as an open document of rows, its schema detected. */
export function openRows(text: string, format: RowFormat, holds: RowHolding = 'data'): RowDocument {
  return new RowDocument(new LineText(text), 1, {
    file: `rows.${format}`,
    format,
    holds,
    schema: undefined,
    named: undefined,
    limits: dataLimits,
  });
}
