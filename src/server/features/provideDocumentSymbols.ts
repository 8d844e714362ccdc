import { type DocumentSymbol, type Range, SymbolKind } from 'vscode-languageserver-types';
import type { Say } from '../../protocol/display/serverText';
import { JsonPlaces } from '../documents/jsonPlaces';
import type { Pace } from '../documents/pace';
import type { DocumentRow, RowDocument } from '../documents/rowDocument';
import { rowMeaning } from '../documents/rowMeaning';
import { rangeIn } from './provideDiagnostics';
import { trainedState } from './renderRow';

/** Rows of an outline, and those of them that are opened up into turns: outlines are read, not searched by the thousand. */
const mostRows = 5000;
const mostOpened = 1000;
const nameLength = 80;

/** Outline: each row by how it begins, with its turns. Undefined where the document changed or nobody wants it any more. */
export async function provideDocumentSymbols(
  document: RowDocument,
  pace: Pace,
  say: Say,
): Promise<DocumentSymbol[] | undefined> {
  const { version } = document;
  const symbols: DocumentSymbol[] = [];
  const rows = Math.min(document.rowCount, mostRows);
  for (let number = 0; number < rows; number++) {
    symbols.push(rowSymbol(document, document.rowNumbered(number)!, rows <= mostOpened ? 'opened' : 'closed', say));
    if (pace.isDue && (!(await pace.next()) || document.version !== version)) return undefined;
  }
  return symbols;
}

function rowSymbol(document: RowDocument, row: DocumentRow, turns: 'opened' | 'closed', say: Say): DocumentSymbol {
  const range = rangeIn(document, row, 0, row.text.length);
  const pieces = rowMeaning(document, row, undefined)?.pieces ?? [];
  const first = pieces.find(({ role }) => role !== 'system') ?? pieces[0];
  const name = `${row.start.line + 1}  ${shorten(first?.text ?? row.text, say)}`;
  const symbol = { name, kind: SymbolKind.Object, range, selectionRange: range };
  if (turns === 'closed' || pieces.length === 0 || !row.text.trimStart().startsWith('{')) return symbol;
  const places = new JsonPlaces(row.text);
  const children = pieces.map((piece): DocumentSymbol => {
    const node = places.node(piece.place);
    const at: Range = node === undefined ? range : rangeIn(document, row, node.offset, node.offset + node.length);
    return {
      name: `${piece.role}: ${shorten(piece.text, say)}`,
      detail: trainedState(piece) === 'untrained' ? '' : say('hover.trained'),
      kind: SymbolKind.String,
      range: at,
      selectionRange: at,
    };
  });
  return { ...symbol, children };
}

function shorten(text: string, say: Say): string {
  const line = text
    .slice(0, 4 * nameLength)
    .replace(/\s+/g, ' ')
    .trim();
  const short = line.length > nameLength ? `${[...line].slice(0, nameLength).join('')}…` : line;
  return short === '' ? say('outline.empty') : short;
}
