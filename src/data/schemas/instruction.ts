import type { JsonValue } from '../../protocol/json';
import { type RowFields, wrongType } from './fault';
import type { Instruction } from './promptStyle';

/** What an instruction row asks and answers. */
export function readInstruction(fields: RowFields): Instruction {
  return {
    system: fields.optionalText('system'),
    instruction: fields.text('instruction'),
    input: fields.optionalText('input') ?? '',
    output: fields.text('output'),
    history: readHistory(fields),
  };
}

/** `[[question, answer], …]`. */
export function readHistory(fields: RowFields): readonly (readonly [string, string])[] {
  if (fields.value('history') === undefined) return [];
  return fields.list('history').map((pair, index) => {
    const [asked, answered] = Array.isArray(pair) ? (pair as readonly JsonValue[]) : [];
    if (typeof asked !== 'string' || typeof answered !== 'string' || (pair as readonly JsonValue[]).length !== 2) {
      throw wrongType(`${fields.spelled('history')}[${index}]`, 'a pair of question and answer', pair);
    }
    return [asked, answered];
  });
}
