import type { ServerTexts } from '../../protocol/display/serverText';
import type { EncodingContext } from '../../text/types';
import type { RowDocument } from '../documents/rowDocument';
import { renderRow } from './renderRow';

const bounds = { ofPiece: 200_000, ofRow: 400_000 };

/** "Row as conversation": the whole row in markdown; null: there is no row on the line. */
export function provideRowText(
  document: RowDocument,
  line: number,
  text: EncodingContext | undefined,
  texts: ServerTexts,
): string | null {
  const row = document.row(line);
  return row === undefined ? null : `${renderRow(document, row, text, bounds, texts)}\n`;
}
