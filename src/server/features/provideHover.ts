import { type Hover, MarkupKind, type Position } from 'vscode-languageserver-types';
import type { ServerTexts } from '../../protocol/display/serverText';
import type { EncodingContext } from '../../text/types';
import type { RowDocument } from '../documents/rowDocument';
import { rangeIn } from './provideDiagnostics';
import { renderRow } from './renderRow';

const bounds = { ofPiece: 1200, ofRow: 6000 };

/**
 * The row under the pointer as a conversation.
 *
 * @param text tokenizer and template of the default model; undefined: none is known, or the workspace is not trusted
 * @param sections markdown that follows, such as what a trace says of the row
 */
export function provideHover(
  document: RowDocument,
  position: Position,
  text: EncodingContext | undefined,
  sections: readonly string[],
  texts: ServerTexts,
): Hover | null {
  const row = document.row(position.line);
  if (row === undefined) return null;
  const value = [renderRow(document, row, text, bounds, texts), ...sections].join('\n\n---\n\n');
  return { contents: { kind: MarkupKind.Markdown, value }, range: rangeIn(document, row, 0, row.text.length) };
}
