import type { Say, ServerTextKey, ServerTexts } from '../../protocol/display/serverText';
import type { EncodingContext } from '../../text/types';
import type { DocumentRow, RowDocument } from '../documents/rowDocument';
import { type RowMeaning, rowMeaning } from '../documents/rowMeaning';
import type { RowPiece } from '../documents/rowPieces';
import { checkRow } from './checkRow';

/** Characters that are shown. */
export interface RenderBounds {
  readonly ofPiece: number;
  readonly ofRow: number;
}

/** A row as people read it, in markdown: what it is, then turn by turn, the trained parts told from the rest. */
export function renderRow(
  document: RowDocument,
  row: DocumentRow,
  text: EncodingContext | undefined,
  bounds: RenderBounds,
  { say, translate }: ServerTexts,
): string {
  const { hash } = row.facts;
  const meaning = rowMeaning(document, row, text);
  const facts = [`**${say('hover.line', { line: row.start.line + 1 })}**`];
  if (document.schema !== undefined) facts.push(document.schema.name);
  if (hash !== undefined) facts.push(`\`${hash.slice(0, 8)}\``);
  if (meaning?.counts !== undefined) facts.push(countsOf(meaning.counts, say));
  const parts = [facts.join(' · ')];
  const { flaws } = checkRow(row, document.schema, document.options);
  parts.push(
    ...flaws.slice(0, 3).map(({ message, next }) => `⚠ ${escapeMarkdown(`${translate(message)} ${translate(next)}`)}`),
  );
  if (meaning !== undefined) parts.push(...renderPieces(meaning.pieces, bounds, say));
  else if (row.value !== undefined) {
    parts.push(fenced(clip(JSON.stringify(row.value, null, 2), bounds.ofPiece, say), 'json'));
  } else parts.push(fenced(clip(row.text, bounds.ofPiece, say), 'text'));
  return parts.join('\n\n');
}

function countsOf({ tokens, trainedTokens: trained, truncated }: NonNullable<RowMeaning['counts']>, say: Say): string {
  if (truncated === 0) return say('hover.tokens', { tokens, trained });
  return say('hover.cutTokens', { tokens, trained, cut: truncated });
}

function renderPieces(pieces: readonly RowPiece[], bounds: RenderBounds, say: Say): string[] {
  const parts: string[] = [];
  let shown = 0;
  for (const [index, piece] of pieces.entries()) {
    if (shown >= bounds.ofRow) {
      parts.push(`*${say('hover.more', { count: pieces.length - index })}*`);
      break;
    }
    const room = Math.min(bounds.ofPiece, bounds.ofRow - shown);
    shown += Math.min(piece.text.length, room);
    const state = trainedState(piece);
    parts.push(`**${piece.role}** · ${say(stateKeys[state])}`);
    parts.push(fenced(clip(state === 'partly' ? withMarks(piece) : piece.text, room, say), 'text'));
  }
  return parts;
}

type TrainedState = 'trained' | 'partly' | 'untrained';

const stateKeys = {
  trained: 'hover.trained',
  partly: 'hover.partlyTrained',
  untrained: 'hover.untrained',
} as const satisfies Readonly<Record<TrainedState, ServerTextKey>>;

/** Whether a text is trained; white space at its ends, which templates take away, does not count. */
export function trainedState({ text, trained }: RowPiece): TrainedState {
  if (trained.length === 0) return 'untrained';
  const [begin, end] = [text.length - text.trimStart().length, text.trimEnd().length];
  const covers = trained.length === 1 && trained[0]![0] <= begin && trained[0]![1] >= end;
  return covers ? 'trained' : 'partly';
}

function withMarks({ text, trained }: RowPiece): string {
  let marked = '';
  let at = 0;
  for (const [begin, end] of trained) {
    marked += `${text.slice(at, begin)}⟦${text.slice(begin, end)}⟧`;
    at = end;
  }
  return marked + text.slice(at);
}

function clip(text: string, length: number, say: Say): string {
  if (text.length <= length) return text;
  const end = /[\ud800-\udbff]/.test(text[length - 1] ?? '') ? length - 1 : length;
  return `${text.slice(0, end)}… ${say('hover.moreCharacters', { count: text.length - end })}`;
}

/** A block that the text cannot end, whatever it holds. */
function fenced(text: string, language: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|~&#]/g, '\\$&');
}
