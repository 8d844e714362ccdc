import { format, parseTree } from 'jsonc-parser';
import { inputError } from '../../protocol/errors';
import { isJsonObject } from '../../protocol/json';
import { jsonFault, stringEnd, textStructure } from '../jsonText';
import type { DataLimits } from '../limits';
import { spacing } from './setRowWeight';
import { applyTextEdits } from './textEdit';

/** A row over many lines, to be read and edited. Every value stays as it is spelled. */
export function unfoldRow(line: string, limits: DataLimits): string {
  if (textStructure(line).depth > limits.maxDepth || parseTree(line) === undefined) return line;
  const options = { tabSize: 2, insertSpaces: true, eol: '\n' };
  const edits = format(line, undefined, options).map(({ offset, length, content }) => ({
    offset,
    length,
    text: content,
  }));
  return `${applyTextEdits(line, edits).trim()}\n`;
}

/**
 * The one line that an unfolded row becomes, spaced as the line was; the line itself where nothing but white space differs.
 *
 * @throws UserError `bad-json`, `row-not-object`, `too-deep`: it names line and column of the unfolded text
 */
export function foldRow(text: string, before: string, limits: DataLimits): string {
  const { depth } = textStructure(text);
  if (depth > limits.maxDepth)
    throw inputError('too-deep', `The row is nested ${depth} deep; the limit is ${limits.maxDepth}.`, 'Flatten it.');
  const fault = jsonFault(text);
  if (fault !== undefined) {
    const head = text.slice(0, fault.index).split('\n');
    const place = `line ${head.length}, column ${head.at(-1)!.length + 1}`;
    throw inputError('bad-json', `This is not JSON at ${place}: ${fault.reason}.`, 'Correct it and save again.');
  }
  if (!isJsonObject(JSON.parse(text)))
    throw inputError('row-not-object', 'A row is one object: { "field": value, … }.', 'Correct it and save again.');
  const tight = respaced(text, { colon: ':', comma: ',' });
  if (jsonFault(before) === undefined && respaced(before, { colon: ':', comma: ',' }) === tight) return before;
  return respaced(text, spacing(before));
}

/** JSON text on one line. @param marks what stands for `:` and `,` */
function respaced(text: string, { colon, comma }: { readonly colon: string; readonly comma: string }): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const unit = text[at]!;
    if (unit === '"') {
      const end = stringEnd(text, at) + 1;
      parts.push(text.slice(at, end));
      at = end;
      continue;
    }
    if (unit === ':') parts.push(colon);
    else if (unit === ',') parts.push(comma);
    else if (!/\s/.test(unit)) parts.push(unit);
    at += 1;
  }
  return parts.join('');
}
