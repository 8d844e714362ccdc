import { inputError } from '../../protocol/errors';
import type { DataLimits } from '../limits';
import { objectOf } from './quarantineNote';
import type { TextEdit } from './textEdit';

/**
 * Sets the weight with which a row counts in training. Only the number is written, or one member behind the last, spaced
 * as the row's other members are.
 *
 * @param line one row; offsets of the edit are within it
 * @param field how the row's schema spells the weight
 * @param weight of 0 or more
 * @throws UserError `row-not-object`
 */
export function setRowWeight(line: string, field: string, weight: number, limits: DataLimits): TextEdit | undefined {
  const root = objectOf(line, limits);
  if (root === undefined)
    throw inputError('row-not-object', 'This line holds no JSON object, so it can have no weight.', 'Repair it first.');
  const members = root.children ?? [];
  // Of a key that is there twice the last one counts.
  const value = members.findLast((member) => member.children?.[0]?.value === field)?.children?.[1];
  const number = `${weight}`;
  if (value !== undefined) {
    if (value.value === weight) return undefined;
    // A weight that is a text, as of CSV, stays one.
    return { offset: value.offset, length: value.length, text: value.type === 'string' ? `"${number}"` : number };
  }
  const last = members.at(-1);
  const { colon, comma } = spacing(line);
  const member = `${JSON.stringify(field)}${colon}${number}`;
  if (last === undefined) return { offset: root.offset + 1, length: 0, text: member };
  return { offset: last.offset + last.length, length: 0, text: `${comma}${member}` };
}

/** How a row writes `:` and `,` between members, from its first ones. */
export function spacing(line: string): { readonly colon: string; readonly comma: string } {
  const colon = /^\s*\{\s*"(?:[^"\\]|\\.)*"(\s*:[ \t]*)/.exec(line)?.[1] ?? ':';
  const spaced = colon.endsWith(' ');
  return { colon, comma: spaced ? ', ' : ',' };
}
