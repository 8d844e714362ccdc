import { nearest } from '../../data/config/check';
import { duplicateKeys, jsonFault, textStructure } from '../../data/jsonText';
import { shapes } from '../../data/schemas/shapes';
import type { Schema } from '../../data/types';
import type { Say } from '../../protocol/display/serverText';
import type { JsonObject } from '../../protocol/json';
import { JsonPlaces } from '../documents/jsonPlaces';
import type { PlacedFlaw } from './checkRow';

/** A replacement in a row's text; half-open range of UTF-16 units. */
export interface TextRepair {
  readonly begin: number;
  readonly end: number;
  readonly text: string;
}

export interface Repair {
  readonly title: string;
  readonly repairs: readonly TextRepair[];
}

/** Faults of one kind that one repair mends; more are no slip of the pen. */
const mostFaults = 64;

/** Repairs of a row that does not parse: each is offered only where the row is JSON afterwards. */
export function repairMalformed(text: string, flaw: PlacedFlaw, say: Say): Repair[] {
  if (flaw.code !== 'bad-json' || text.length > 2 ** 20) return [];
  return kinds.flatMap(({ title, repair }) => {
    const repairs = repairAll(text, repair);
    return repairs === undefined ? [] : [{ title: say(title), repairs: [repairs] }];
  });
}

type RepairTitle =
  | 'fix.trailingComma'
  | 'fix.commaAfterRow'
  | 'fix.missingComma'
  | 'fix.controlCharacters'
  | 'fix.backslashes'
  | 'fix.literals'
  | 'fix.closeRow';

interface RepairKind {
  readonly title: RepairTitle;
  /** The text with the fault at `index` mended; undefined: it is another fault. */
  readonly repair: (text: string, index: number) => string | undefined;
}

const kinds: readonly RepairKind[] = [
  {
    title: 'fix.trailingComma',
    repair(text, index) {
      const before = text.slice(0, index).trimEnd();
      if (!'}]'.includes(text[index] ?? '-') || !before.endsWith(',')) return undefined;
      return before.slice(0, -1) + text.slice(before.length);
    },
  },
  {
    title: 'fix.commaAfterRow',
    repair: (text, index) =>
      text[index] === ',' && text.slice(index + 1).trim() === '' ? text.slice(0, index) : undefined,
  },
  {
    title: 'fix.missingComma',
    repair(text, index) {
      const before = text.slice(0, index).trimEnd();
      if (!'"{['.includes(text[index] ?? '-') || !/["}\]\dtfnel]$/.test(before)) return undefined;
      return `${before},${text.slice(before.length)}`;
    },
  },
  {
    title: 'fix.controlCharacters',
    repair(text, index) {
      const code = text.charCodeAt(index);
      if (!(code > 0 && code < 0x20)) return undefined;
      const written = JSON.stringify(String.fromCharCode(code)).slice(1, -1);
      return text.slice(0, index) + written + text.slice(index + 1);
    },
  },
  {
    title: 'fix.backslashes',
    repair: (text, index) => (text[index] === '\\' ? `${text.slice(0, index)}\\\\${text.slice(index + 1)}` : undefined),
  },
  {
    title: 'fix.literals',
    repair(text, index) {
      const word = /^(True|False|None)\b/.exec(text.slice(index, index + 8))?.[1];
      if (word === undefined) return undefined;
      const literal = word === 'None' ? 'null' : word.toLowerCase();
      return text.slice(0, index) + literal + text.slice(index + word.length);
    },
  },
  {
    title: 'fix.closeRow',
    repair(text, index) {
      const closers = openBrackets(text);
      return index < text.length || closers === undefined || closers === '' ? undefined : text.trimEnd() + closers;
    },
  },
];

/** Mends every fault of one kind, as one replacement; undefined where the row is no JSON object even then. */
function repairAll(text: string, repair: RepairKind['repair']): TextRepair | undefined {
  let mended = text;
  for (let count = 0; count < mostFaults; count++) {
    const fault = jsonFault(mended);
    if (fault === undefined) return count === 0 || !isRow(mended) ? undefined : difference(text, mended);
    const next = repair(mended, fault.index);
    if (next === undefined) return undefined;
    mended = next;
  }
  return undefined;
}

function isRow(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** The closing brackets that are missing at the end of a text; undefined where a string is open. */
function openBrackets(text: string): string | undefined {
  const closers: string[] = [];
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{') closers.unshift('}');
    else if (char === '[') closers.unshift(']');
    else if (char === '}' || char === ']') closers.shift();
  }
  return inString ? undefined : closers.join('');
}

/** The smallest replacement that makes one text the other. */
function difference(before: string, after: string): TextRepair {
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start++;
  let [endBefore, endAfter] = [before.length, after.length];
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--;
    endAfter--;
  }
  return { begin: start, end: endBefore, text: after.slice(start, endAfter) };
}

/** Where a second object begins that stands on the same line; undefined: there is none. */
export function splitPoint(text: string): { readonly begin: number; readonly end: number } | undefined {
  const fault = jsonFault(text);
  if (fault === undefined || text[fault.index] !== '{') return undefined;
  const first = text.slice(0, fault.index).trimEnd();
  const isObject = first.startsWith('{') && jsonFault(first) === undefined;
  return isObject && jsonFault(text.slice(fault.index)) === undefined
    ? { begin: first.length, end: fault.index }
    : undefined;
}

/** Repairs of a row that parses: fields and keys. */
export function repairFields(
  text: string,
  value: JsonObject,
  schema: Schema | undefined,
  flaw: PlacedFlaw,
  say: Say,
): Repair[] {
  if (flaw.code === 'duplicate-key') return removeDuplicateKey(text, flaw, say);
  if (flaw.code === 'unknown-key') return renameKey(text, value, flaw, say);
  if (flaw.code === 'role-unknown') return renameRole(text, value, schema, flaw, say);
  if (flaw.code === 'field-missing') return renameField(text, schema, flaw, say);
  return [];
}

/** Takes out the member that does not count, so that the row means what it meant. */
function removeDuplicateKey(text: string, { place }: PlacedFlaw, say: Say): Repair[] {
  if (place === undefined) return [];
  const places = new JsonPlaces(text);
  const object = places.node(place.slice(0, -1));
  const key = String(place.at(-1));
  const members = object?.children?.filter((member) => member.children?.[0]?.value === key) ?? [];
  const [first] = members;
  if (first === undefined || members.length < 2) return [];
  // A member that others follow takes its comma with it.
  const comma = text.indexOf(',', first.offset + first.length);
  const next = text.slice(comma + 1).search(/\S/);
  const repair: TextRepair = { begin: first.offset, end: comma + 1 + next, text: '' };
  const mended = text.slice(0, repair.begin) + text.slice(repair.end);
  const fewer = textStructure(mended).keys < textStructure(text).keys;
  if (jsonFault(mended) !== undefined || !fewer || duplicateKeys(mended).length >= duplicateKeys(text).length)
    return [];
  return [{ title: say('fix.duplicateKey', { key }), repairs: [repair] }];
}

/** A key that nothing reads, written nearly as one that the row lacks. */
function renameKey(text: string, value: JsonObject, { begin, end, next }: PlacedFlaw, say: Say): Repair[] {
  const wanted = /^Did you mean "([\w$-]+)"\?$/.exec(next)?.[1];
  if (wanted === undefined || Object.hasOwn(value, wanted) || text[begin] !== '"') return [];
  return [
    {
      title: say('fix.rename', { from: text.slice(begin, end), to: wanted }),
      repairs: [{ begin, end, text: JSON.stringify(wanted) }],
    },
  ];
}

function renameRole(
  text: string,
  value: JsonObject,
  schema: Schema | undefined,
  { place }: PlacedFlaw,
  say: Say,
): Repair[] {
  if (place === undefined || schema === undefined) return [];
  const node = new JsonPlaces(text).node(place);
  const near = node?.type === 'string' ? nearest(String(node.value), Object.keys(schema.roles)) : undefined;
  if (node === undefined || near === undefined || Object.keys(value).length === 0) return [];
  return [
    {
      title: say('fix.role', { role: near }),
      repairs: [{ begin: node.offset, end: node.offset + node.length, text: JSON.stringify(near) }],
    },
  ];
}

/** A field that is missing, while one of nearly its name is there and read by nothing. */
function renameField(text: string, schema: Schema | undefined, { place }: PlacedFlaw, say: Say): Repair[] {
  const wanted = place?.at(-1);
  if (schema === undefined || place === undefined || typeof wanted !== 'string') return [];
  const places = new JsonPlaces(text);
  const object = places.node(place.slice(0, -1));
  const known = new Set([
    ...Object.values(schema.fields),
    ...Object.values(shapes[schema.name].optional).flatMap(({ spellings }) => spellings),
    ...(place.length > 1 ? ['role', 'from', 'content', 'value', 'weight', 'train'] : []),
  ]);
  const keys = object?.children?.map((member) => member.children?.[0]) ?? [];
  const free = keys.filter((key) => key !== undefined && !known.has(String(key.value)));
  const near = nearest(
    wanted,
    free.map((key) => String(key!.value)),
  );
  const node = free.find((key) => key!.value === near);
  if (near === undefined || node === undefined) return [];
  return [
    {
      title: say('fix.rename', { from: JSON.stringify(near), to: wanted }),
      repairs: [{ begin: node.offset, end: node.offset + node.length, text: JSON.stringify(wanted) }],
    },
  ];
}
