import type { InlayHint, Range } from 'vscode-languageserver-types';
import type { RowTag } from '../../protocol/editorFindings';

/** Tags before the rows, for editors that draw none themselves. */
export function provideInlayHints(tags: readonly RowTag[], range: Range): InlayHint[] {
  return tags
    .filter(({ line }) => line >= range.start.line && line <= range.end.line)
    .map(({ line, text, state }) => ({
      position: { line, character: 0 },
      label: state === 'stale' ? `~ ${text}` : text,
      paddingRight: true,
      ...(state === 'stale' ? { tooltip: 'The row was edited since; its mark is no longer true of it.' } : {}),
    }));
}
