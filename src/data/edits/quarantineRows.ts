import type { DataLimits } from '../limits';
import { type QuarantineNote, writeNote } from './quarantineNote';
import { type RemovedLine, removeLines } from './removeLines';
import type { TextEdit } from './textEdit';
import { splitLines } from './textLines';

/** Edits of a data file and of the file beside it that takes its quarantined rows. */
export interface QuarantineEdits {
  readonly data: readonly TextEdit[];
  readonly quarantine: readonly TextEdit[];
  readonly moved: readonly RemovedLine[];
}

/** What one row's note says beyond where it stood. */
export type QuarantineReason = Pick<QuarantineNote, 'reason' | 'hash' | 'trace'>;

/** `data/train.jsonl` -> `data/train.quarantine.jsonl`. */
export function quarantineName(file: string): string {
  return file.replace(/(\.[A-Za-z]+)?$/, (ending) => `.quarantine${ending === '' ? '.jsonl' : ending}`);
}

/** `train.quarantine.jsonl` -> `train.jsonl`; undefined: it is no file of quarantined rows. */
export function quarantinedName(file: string): string | undefined {
  const match = /^(.+)\.quarantine(\.[A-Za-z]+)$/.exec(file);
  return match === null ? undefined : `${match[1]}${match[2]}`;
}

/**
 * Moves lines to the end of the quarantine file, each with its note. All other lines of both stay as they are.
 *
 * @param quarantine text of the quarantine file; `''` where there is none
 * @param chosen 0-based lines; blank ones are left where they are
 */
export function quarantineRows(
  data: string,
  quarantine: string,
  chosen: readonly number[],
  about: {
    readonly file: string;
    readonly date: string;
    readonly of: (line: number, text: string) => QuarantineReason;
  },
  limits: DataLimits,
): QuarantineEdits {
  const lines = splitLines(data);
  const rows = chosen.filter((line) => line >= 0 && line < lines.count && lines.text(line).trim() !== '');
  const { edits, removed } = removeLines(lines, rows);
  const kept = splitLines(quarantine);
  // A file that is new takes the line ends of the data.
  const lineEnd = kept.count === 1 ? lines.commonLineEnd : kept.commonLineEnd;
  const notes = removed.map(({ line, text, lineEnd: own, lineEndAt }) =>
    writeNote(
      text,
      { ...about.of(line, text), file: about.file, line: line + 1, date: about.date, lineEnd: own, lineEndAt },
      limits,
    ),
  );
  const opening = kept.text(kept.count - 1) === '' ? '' : lineEnd;
  const added = `${opening}${notes.map((note) => `${note}${lineEnd}`).join('')}`;
  return {
    data: edits,
    quarantine: notes.length === 0 ? [] : [{ offset: quarantine.length, length: 0, text: added }],
    moved: removed,
  };
}
