import { own } from '../../data/own';
import { rowName } from '../../data/parseRow';
import { inputError } from '../../protocol/errors';
import { isJsonObject, type JsonValue } from '../../protocol/json';
import type { LabelTaskRequest } from '../../protocol/probing';
import { words } from '../../text/lexical/words';
import type { LoadedRow } from '../rows/loadRows';
import { exampleParts } from './exampleParts';

/** A row to probe, with its own fields. */
export type LabelledRow = Pick<LoadedRow, 'address' | 'example' | 'value'>;

export interface ReadLabels {
  /** By name, most frequent first, then by name. */
  readonly classes: readonly string[];
  /** Rows that are probed: places in the list of all. */
  readonly kept: readonly number[];
  /** [kept] place in `classes`. */
  readonly labels: Int32Array;
  readonly leftOut: { readonly rare: number; readonly notAskedFor: number };
}

/** Probes are for classes, not for numbers or free text. */
const mostClasses = 64;

/**
 * The label of every row, and the rows that take part.
 *
 * @throws UserError naming the first row without a label, or what is wrong with the labels as a whole
 */
export function readLabels(
  rows: readonly LabelledRow[],
  { label, only, fewestRows }: Pick<LabelTaskRequest, 'label' | 'only' | 'fewestRows'>,
): ReadLabels {
  const read = labelReader(label);
  const found = rows.map((row) => read(row));
  const missing = found.indexOf(undefined);
  if (missing >= 0) {
    const others = found.filter((value) => value === undefined).length - 1;
    throw inputError(
      'label-missing',
      `${rowName(rows[missing]!.address)}: the row has no label ${label}${others === 0 ? '' : `, nor have ${others} other rows`}.`,
      'Name another field with --label, give every row the field, or probe a file whose rows all have it.',
    );
  }
  const counts = new Map<string, number>();
  for (const value of found as readonly string[]) counts.set(value, (counts.get(value) ?? 0) + 1);
  refuseUnknown(only, counts, label, rows);
  const asked = (value: string): boolean => only.length === 0 || only.includes(value);
  const frequent = (value: string): boolean => counts.get(value)! >= fewestRows;
  const classes = [...counts.keys()]
    .filter((value) => asked(value) && frequent(value))
    .sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
  refuseUnfit(classes, counts, { label, only, fewestRows }, rows);
  const places = new Map(classes.map((name, place) => [name, place]));
  const kept = [...rows.keys()].filter((i) => places.has(found[i]!));
  const values = found as readonly string[];
  return {
    classes,
    kept,
    labels: Int32Array.from(kept, (i) => places.get(found[i]!)!),
    leftOut: {
      rare: values.filter((value) => asked(value) && !frequent(value)).length,
      notAskedFor: values.filter((value) => !asked(value)).length,
    },
  };
}

/** The value of a field as a label; undefined: there is none. */
export function fieldReader(field: string): (row: LabelledRow) => string | undefined {
  const keys = field.split('.');
  return ({ value }) => {
    let at: JsonValue | undefined = value;
    for (const key of keys) at = isJsonObject(at) ? own(at, key) : undefined;
    return labelText(at);
  };
}

function labelReader(label: string): (row: LabelledRow) => string | undefined {
  if (label === 'answer') return ({ example }) => answerOf(example);
  if (label === 'answer:first') return ({ example }) => words(answerOf(example) ?? '')[0];
  if (label === 'answer:last') return ({ example }) => words(answerOf(example) ?? '').at(-1);
  return fieldReader(label);
}

function answerOf(example: LabelledRow['example']): string | undefined {
  const text = exampleParts(example).answer?.trim().replace(/\s+/g, ' ');
  return text === '' ? undefined : text;
}

/** Text, numbers and truth values are labels; an empty text, null and lists are none. */
function labelText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value.trim();
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : undefined;
  return typeof value === 'boolean' ? `${value}` : undefined;
}

function filesOf(rows: readonly LabelledRow[]): string {
  return [...new Set(rows.map(({ address }) => address.file))].join(', ');
}

function refuseUnknown(
  only: readonly string[],
  counts: ReadonlyMap<string, number>,
  label: string,
  rows: readonly LabelledRow[],
): void {
  const unknown = only.find((value) => !counts.has(value));
  if (unknown === undefined) return;
  throw inputError(
    'label-unknown',
    `No row of ${filesOf(rows)} has the ${label} "${clipped(unknown)}".`,
    `The most frequent are ${mostFrequent(counts)}.`,
  );
}

function refuseUnfit(
  classes: readonly string[],
  counts: ReadonlyMap<string, number>,
  { label, fewestRows }: Pick<LabelTaskRequest, 'label' | 'only' | 'fewestRows'>,
  rows: readonly LabelledRow[],
): void {
  if (classes.length > mostClasses)
    throw inputError(
      'too-many-classes',
      `${label} has ${classes.length} different values in ${filesOf(rows)}, each in ${fewestRows} rows or more; probes tell at most ${mostClasses} apart.`,
      'Name the ones that count with --only, or raise --fewest-rows.',
    );
  if (classes.length >= 2) return;
  if (counts.size === 1)
    throw inputError(
      'one-class',
      `Every row of ${filesOf(rows)} has the same ${label}, ${mostFrequent(counts)}: there is nothing to tell apart.`,
      'Name another field with --label, or add rows with another label.',
    );
  throw inputError(
    'one-class',
    `${classes.length === 0 ? 'No' : 'Only one'} ${label} of ${filesOf(rows)} has ${fewestRows} rows or more; the most frequent are ${mostFrequent(counts)}.`,
    'Lower --fewest-rows, name another field with --label, or add rows.',
  );
}

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([name, count]) => `"${clipped(name)}" (${count} rows)`)
    .join(', ');
}

function clipped(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
