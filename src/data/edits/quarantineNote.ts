import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';
import { isJsonObject, type JsonValue } from '../../protocol/json';
import { textStructure } from '../jsonText';
import type { DataLimits } from '../limits';
import type { RemovedLine } from './removeLines';

/** What a quarantined row says of where it was and why it is not there any more. */
export interface QuarantineNote {
  readonly reason: string;
  /** Name of the data file, without its folder. */
  readonly file: string;
  /** 1-based, in the file as it was. */
  readonly line: number;
  /** Of the row's content; null: the line was no row. */
  readonly hash: string | null;
  /** The trace that was shown; null: none. */
  readonly trace: string | null;
  /** ISO 8601. Rows of one act share it. */
  readonly date: string;
  readonly lineEnd: string;
  readonly lineEndAt: RemovedLine['lineEndAt'];
}

/** The key under which a note stands in its row. */
export const noteKey = 'whence.quarantine';

/**
 * The row with its note as the last member, otherwise as it was written, so that the file of quarantined rows is a data
 * file of the same schema. A line that holds no JSON object is kept as a text within the note.
 */
export function writeNote(line: string, note: QuarantineNote, limits: DataLimits): string {
  const root = objectOf(line, limits);
  if (root === undefined || findNodeAtLocation(root, [noteKey]) !== undefined)
    return JSON.stringify({ [noteKey]: { ...note, text: line } });
  const close = root.offset + root.length - 1;
  const member = `${JSON.stringify(noteKey)}:${JSON.stringify(note)}`;
  return `${line.slice(0, close)}${(root.children ?? []).length === 0 ? '' : ','}${member}${line.slice(close)}`;
}

/** The line as it was before `writeNote`, and the note; undefined: there is no note in it. */
export function readNote(
  line: string,
  limits: DataLimits,
): { readonly text: string; readonly note: QuarantineNote } | undefined {
  const root = objectOf(line, limits);
  const members = root?.children ?? [];
  const at = members.findLastIndex((member) => member.children?.[0]?.value === noteKey);
  const member = members[at];
  const value = member?.children?.[1];
  if (member === undefined || value === undefined) return undefined;
  const content = JSON.parse(line.slice(value.offset, value.offset + value.length)) as JsonValue;
  const note = noteOf(content);
  if (note === undefined) return undefined;
  if (isJsonObject(content) && typeof content.text === 'string') return { text: content.text, note };
  const previous = members[at - 1];
  const next = members[at + 1];
  const from = previous === undefined ? member.offset : line.lastIndexOf(',', member.offset);
  // Without a member before it the comma after it goes.
  const to = previous === undefined && next !== undefined ? next.offset : member.offset + member.length;
  return { text: `${line.slice(0, from)}${line.slice(to)}`, note };
}

/** The tree of a line that is one JSON object within the limits. */
export function objectOf(line: string, { maxDepth }: Pick<DataLimits, 'maxDepth'>): Node | undefined {
  if (textStructure(line).depth > maxDepth) return undefined;
  try {
    // The editor's parser forgives what JSON does not.
    if (!isJsonObject(JSON.parse(line))) return undefined;
  } catch {
    return undefined;
  }
  return parseTree(line);
}

function noteOf(value: JsonValue): QuarantineNote | undefined {
  if (!isJsonObject(value)) return undefined;
  const { reason, file, line, hash, trace, date, lineEnd, lineEndAt } = value;
  if (typeof reason !== 'string' || typeof file !== 'string' || typeof date !== 'string') return undefined;
  if (typeof line !== 'number' || !Number.isInteger(line) || line < 1) return undefined;
  if (lineEnd !== '' && lineEnd !== '\n' && lineEnd !== '\r\n' && lineEnd !== '\r') return undefined;
  return {
    reason,
    file,
    line,
    date,
    lineEnd,
    lineEndAt: lineEndAt === 'before' ? 'before' : 'after',
    hash: typeof hash === 'string' ? hash : null,
    trace: typeof trace === 'string' ? trace : null,
  };
}
