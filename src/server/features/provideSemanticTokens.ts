import type { Range, SemanticTokens, SemanticTokensLegend } from 'vscode-languageserver-types';
import type { EncodingContext } from '../../text/types';
import { JsonPlaces, type TextRange } from '../documents/jsonPlaces';
import type { Pace } from '../documents/pace';
import type { DocumentRow, RowDocument } from '../documents/rowDocument';
import { rowMeaning } from '../documents/rowMeaning';

export const semanticTokensLegend: SemanticTokensLegend = {
  tokenTypes: ['string'],
  tokenModifiers: ['trained', 'untrained'],
};

const trainedBit = 1;
const untrainedBit = 2;

/** Rows of one answer: editors ask again as the user scrolls. */
const mostRows = 300;

interface Token {
  readonly line: number;
  readonly character: number;
  readonly length: number;
  readonly modifiers: number;
}

/**
 * Trained and untrained text of the rows in a range, as the characters of the string literals that hold it. Undefined
 * where the document changed or nobody wants it any more.
 */
export async function provideSemanticTokens(
  document: RowDocument,
  range: Range,
  text: EncodingContext | undefined,
  pace: Pace,
): Promise<SemanticTokens | undefined> {
  const { version } = document;
  const tokens: Token[] = [];
  const lastLine = Math.min(range.end.line, document.lines.lineCount - 1);
  let rows = 0;
  let last = -1;
  for (let line = Math.max(0, range.start.line); line <= lastLine && rows < mostRows; line++) {
    const row = document.row(line);
    if (row === undefined || row.row === last) continue;
    last = row.row;
    rows++;
    tokens.push(...rowTokens(document, row, text));
    if (pace.isDue && (!(await pace.next()) || document.version !== version)) return undefined;
  }
  tokens.sort((a, b) => a.line - b.line || a.character - b.character);
  return { data: encode(tokens) };
}

function rowTokens(document: RowDocument, row: DocumentRow, text: EncodingContext | undefined): Token[] {
  const meaning = rowMeaning(document, row, text);
  if (meaning === undefined || meaning.pieces.length === 0) return [];
  if (document.options.format !== 'jsonl' && document.options.format !== 'json-array') return [];
  const places = new JsonPlaces(row.text);
  return meaning.pieces.flatMap(({ place, text: value, trained }) => {
    const all = withGaps(trained, value.length);
    const ranges = places.rangesInText(
      place,
      all.map(({ range }) => range),
    );
    return ranges.flatMap(([begin, end], index): Token[] => {
      if (end <= begin) return [];
      const start = positionIn(document, row, begin);
      return [{ ...start, length: end - begin, modifiers: all[index]!.modifiers }];
    });
  });
}

/** String literals hold no line end, so a token stays on its line. */
function positionIn(document: RowDocument, { start, end }: DocumentRow, offset: number) {
  if (start.line === end.line) return { line: start.line, character: start.character + offset };
  return document.lines.positionAt(document.lines.offsetAt(start) + offset);
}

/** Trained ranges and what lies between them. */
function withGaps(trained: readonly TextRange[], length: number) {
  const all: { readonly range: TextRange; readonly modifiers: number }[] = [];
  let at = 0;
  for (const [begin, end] of trained) {
    if (begin > at) all.push({ range: [at, begin], modifiers: untrainedBit });
    if (end > Math.max(at, begin)) all.push({ range: [Math.max(at, begin), end], modifiers: trainedBit });
    at = Math.max(at, end);
  }
  if (at < length) all.push({ range: [at, length], modifiers: untrainedBit });
  return all;
}

/** LSP's relative encoding: five numbers a token. */
function encode(tokens: readonly Token[]): number[] {
  const data: number[] = [];
  let [line, character] = [0, 0];
  for (const token of tokens) {
    const sameLine = token.line === line;
    data.push(
      token.line - line,
      sameLine ? token.character - character : token.character,
      token.length,
      0,
      token.modifiers,
    );
    ({ line, character } = token);
  }
  return data;
}
