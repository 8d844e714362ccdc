/**
 * edits/ makes the text edits of users' data files, the only place that does: pure functions from a file's text to edits.
 * It never writes; whoever holds the file applies them, as one step that can be undone.
 */

/** `length` UTF-16 units from `offset` become `text`. Offsets are those before any edit. */
export interface TextEdit {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/** Applies edits that do not overlap; of two at one place the first given comes first. */
export function applyTextEdits(text: string, edits: readonly TextEdit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.offset - b.offset)) {
    parts.push(text.slice(at, edit.offset), edit.text);
    at = edit.offset + edit.length;
  }
  return `${parts.join('')}${text.slice(at)}`;
}
