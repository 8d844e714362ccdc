import type { JsonValue } from '../../protocol/json';
import type { Example } from '../types';
import { RowFault, type RowFields, readWeight } from './fault';

const notTrained = -100;

/** `{input_ids, attention_mask?, labels?}`. Without labels every token is trained; masked padding is cut off. */
export function tokenExample(fields: RowFields): Example {
  const ids = integers(fields, 'ids', 0);
  const mask = fields.value('mask') === undefined ? undefined : integers(fields, 'mask', 0);
  const labels = fields.value('labels') === undefined ? ids : integers(fields, 'labels', notTrained);
  for (const [field, list] of [['mask', mask ?? ids] as const, ['labels', labels] as const]) {
    if (list.length !== ids.length) {
      throw new RowFault(
        'length-mismatch',
        `${fields.spelled('ids')} has ${ids.length} entries, ${fields.spelled(field)} ${list.length}.`,
        'Make them equally long.',
      );
    }
  }
  const wrong = labels.findIndex((label) => label < 0 && label !== notTrained);
  if (wrong !== -1) throw badEntry(fields, 'labels', wrong, `a token id or ${notTrained}`);
  const [from, to] = mask === undefined ? [0, ids.length] : unmasked(mask, fields);
  return { kind: 'tokens', ids: ids.slice(from, to), labels: labels.slice(from, to), weight: readWeight(fields) };
}

/** The range of ones: padding stands at one end, never inside. */
function unmasked(mask: readonly number[], fields: RowFields): [number, number] {
  const from = mask.indexOf(1);
  if (from === -1) {
    throw new RowFault(
      'nothing-trained',
      `${fields.spelled('mask')} masks every token.`,
      'Correct it or delete the row.',
    );
  }
  const to = mask.lastIndexOf(1) + 1;
  const wrong = mask.findIndex((bit, index) => bit !== (index >= from && index < to ? 1 : 0));
  if (wrong !== -1) throw badEntry(fields, 'mask', wrong, 'ones with zeros only at the ends');
  return [from, to];
}

function integers(fields: RowFields, field: string, least: number): readonly number[] {
  const list = fields.list(field);
  if (list.length === 0) {
    throw new RowFault('field-missing', `the field ${fields.spelled(field)} is an empty list.`, 'Delete the row.');
  }
  const wrong = list.findIndex(
    (item: JsonValue) => typeof item !== 'number' || !Number.isInteger(item) || item < least || item > 2 ** 31 - 1,
  );
  if (wrong !== -1) throw badEntry(fields, field, wrong, 'a token id');
  return list as readonly number[];
}

function badEntry(fields: RowFields, field: string, index: number, expected: string): RowFault {
  const value = JSON.stringify(fields.list(field)[index]).slice(0, 60);
  const place = `${fields.spelled(field)}[${index}]`;
  return new RowFault('token-id', `${place} is ${value}, not ${expected}.`, 'Correct it or delete the row.');
}
