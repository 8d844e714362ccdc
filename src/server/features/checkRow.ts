import type { Node } from 'jsonc-parser';
import { checkBehaviour } from '../../data/behaviours';
import { jsonFault } from '../../data/jsonText';
import { own } from '../../data/own';
import { checkQuery } from '../../data/queries';
import { isProblems, toExample } from '../../data/schemas/toExample';
import type { Example, Schema } from '../../data/types';
import type { JsonValue } from '../../protocol/json';
import { type JsonPlace, JsonPlaces } from '../documents/jsonPlaces';
import { createRowCache } from '../documents/rowCache';
import { bareFlaw, type DocumentRow, type RowDocumentOptions, type RowFlaw, toRow } from '../documents/rowDocument';

/** A defect of a row and where it stands in the row's text. */
export interface PlacedFlaw extends RowFlaw {
  /** Half-open range of UTF-16 units of the row's text. */
  readonly begin: number;
  readonly end: number;
  /** Place in the row's value, where the flaw names one. */
  readonly place: JsonPlace | undefined;
}

export interface CheckedRow {
  readonly flaws: readonly PlacedFlaw[];
  /** The row's own name, where it has one. */
  readonly id: string | undefined;
}

interface FoundFlaw {
  readonly flaw: RowFlaw;
  readonly place: JsonPlace | undefined;
}

const checked = createRowCache<{ readonly schema: Schema | undefined; readonly result: CheckedRow }>();

/** Everything that is wrong with one row by itself. The result is kept until the row or the schema changes. */
export function checkRow(row: DocumentRow, schema: Schema | undefined, options: RowDocumentOptions): CheckedRow {
  const known = checked.get(row.facts);
  if (known !== undefined && known.schema === schema) return known.result;
  const result = check(row, schema, options);
  checked.set(row.facts, { schema, result });
  return result;
}

function check(row: DocumentRow, schema: Schema | undefined, options: RowDocumentOptions): CheckedRow {
  const { text, value, facts } = row;
  if (value === undefined) return { flaws: facts.flaws.map((flaw) => placedInText(flaw, text)), id: undefined };
  const found: FoundFlaw[] = facts.flaws.map((flaw) => ({
    flaw,
    place: flaw.code === 'duplicate-key' ? placeIn(flaw.message.replace(/^the key /, '').split(/[, ]/)[0]!) : undefined,
  }));
  const { holds, file } = options;
  if (holds !== 'data') {
    const plain = toRow(row, value, file);
    for (const problem of holds === 'queries' ? checkQuery(plain) : checkBehaviour(plain)) {
      const flaw = bareFlaw(problem);
      found.push({ flaw, place: namedPlace(flaw.message) });
    }
  } else if (schema !== undefined) {
    const example = toExample(toRow(row, value, file), schema);
    if (isProblems(example)) {
      for (const problem of example) {
        const flaw = bareFlaw(problem);
        found.push({ flaw, place: namedPlace(flaw.message) });
      }
    } else found.push(...emptyAnswers(example as Example, schema));
  }
  const flaws = found.length === 0 ? [] : placeFlaws(found, text);
  return { flaws, id: idOf(own(value, 'id')) };
}

function idOf(id: JsonValue | undefined): string | undefined {
  if (typeof id === 'string' && id !== '') return id;
  return typeof id === 'number' ? String(id) : undefined;
}

function placedInText(flaw: RowFlaw, text: string): PlacedFlaw {
  const whole = { ...flaw, begin: 0, end: text.length, place: undefined };
  if (flaw.code === 'nul-byte') {
    const at = text.indexOf('\0');
    return { ...whole, begin: at, end: at + 1 };
  }
  if (flaw.code === 'lone-surrogate') {
    const at = text.search(/\\u[dD][89a-fA-F]/);
    return at === -1 ? whole : { ...whole, begin: at, end: at + 6 };
  }
  if (flaw.code !== 'bad-json') return whole;
  const fault = jsonFault(text);
  if (fault === undefined) return whole;
  // At the end there is no character to mark: the last one stands for it.
  const begin = Math.min(fault.index, Math.max(0, text.trimEnd().length - 1));
  const word = /^(?:\w+|\\.|[\s\S])/.exec(text.slice(begin, begin + 64));
  return { ...whole, begin, end: begin + (word?.[0].length ?? 1) };
}

function placeFlaws(found: readonly FoundFlaw[], text: string): PlacedFlaw[] {
  // CSV and plain text have no places.
  const places = text.trimStart().startsWith('{') ? new JsonPlaces(text) : undefined;
  return found.map(({ flaw, place }) => {
    const node = place === undefined ? undefined : shownNode(places, place, flaw);
    return node === undefined
      ? { ...flaw, begin: 0, end: text.length, place }
      : { ...flaw, begin: node.offset, end: node.offset + node.length, place };
  });
}

/** A key for what is wrong with keys, else the value, else what should hold it. */
function shownNode(places: JsonPlaces | undefined, place: JsonPlace, flaw: RowFlaw): Node | undefined {
  if (flaw.code === 'duplicate-key' || flaw.code === 'unknown-key') {
    const parent = places?.node(place.slice(0, -1));
    const key = place.at(-1);
    return parent === undefined ? undefined : places?.member(parent, String(key))?.children?.[0];
  }
  const node = places?.nearest(place);
  // The row itself is too much to underline for a field that is missing: its brace is enough.
  return node?.parent === undefined && node !== undefined ? { ...node, length: 1 } : node;
}

/** The place that a message names: `the field messages[0].content is missing`, `messages[1].role is "bot".` */
export function namedPlace(message: string): JsonPlace | undefined {
  const name = /^(?:the (?:field|key) "?)?([\w$-]+(?:\[\d+\]|\.[\w$-]+)*)(?=["' ]|$)/.exec(message)?.[1];
  return name === undefined || name === 'the' || name === 'no' ? undefined : placeIn(name);
}

function placeIn(name: string): JsonPlace {
  return [...name.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? key! : Number(index),
  );
}

const emptyFlaw = (what: string): RowFlaw => ({
  severity: 'warning',
  code: 'empty-answer',
  message: `${what} is empty.`,
  next: 'Write the answer, or delete the row.',
});

/** Answers that say nothing, and preferences that prefer nothing. */
function emptyAnswers(example: Example, schema: Schema): readonly FoundFlaw[] {
  const name = (field: string) => String(own(schema.fields, field) ?? field);
  const field = (key: string): FoundFlaw => ({ flaw: emptyFlaw(`the field ${name(key)}`), place: [name(key)] });
  switch (example.kind) {
    case 'text':
      return example.text.trim() === '' ? [field('text')] : [];
    case 'completion':
      return example.completion.trim() === '' ? [field('output' in schema.fields ? 'output' : 'completion')] : [];
    case 'preference': {
      if (JSON.stringify(example.chosen) !== JSON.stringify(example.rejected)) return [];
      const flaw: RowFlaw = {
        severity: 'warning',
        code: 'same-answers',
        message: 'the chosen and the rejected answer are the same.',
        next: 'Correct one of them, or delete the row.',
      };
      return [{ flaw, place: [name('rejected')] }];
    }
    case 'chat':
      return example.messages.flatMap(({ role, content, extra, train }, index): FoundFlaw[] => {
        if (role !== 'assistant' || train === false || content.trim() !== '' || 'tool_calls' in extra) return [];
        if (Object.hasOwn(schema.fields, 'output'))
          return index === example.messages.length - 1 ? [field('output')] : [];
        return [{ flaw: emptyFlaw(`the answer of turn ${index + 1}`), place: undefined }];
      });
    default:
      return [];
  }
}
