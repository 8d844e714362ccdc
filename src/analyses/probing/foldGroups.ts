import { createUnionFind, numberedGroups } from '../../linalg/clustering/unionFind';
import { createRandom, shuffled } from '../../linalg/random';
import { inputError, internalError } from '../../protocol/errors';
import { findNearDuplicates, nearDuplicateSettings } from '../../text/lexical/nearDuplicates';

/** What rows are kept together by. */
export interface GroupingRow {
  /** Prompt and answer. */
  readonly plain: string;
  /** The template of its prompt; undefined: none. */
  readonly template: string | undefined;
  /** Values of the fields that keep rows together; undefined: the row has none. */
  readonly fields: readonly (string | undefined)[];
}

export interface FoldPlan {
  /** [rows] 0-based fold. */
  readonly folds: Int32Array;
  /** [rows] number of the row's group; a group is in one fold. */
  readonly groups: Int32Array;
  /** Whether rows of one template are in one fold. */
  readonly templates: 'together' | 'parted';
}

/** Folds that a class must reach into, so that any two may be taken away and it is still learned from. */
const fewestFoldsOfClass = 3;

/**
 * Deals rows out to folds so that near-duplicates, rows of one template and rows of equal fields stay together, and each
 * fold has about the same share of each class. Where templates hold a class in fewer than three folds (a class may be one
 * template) they are parted, and the plan says so.
 *
 * @param labels [rows]
 * @throws UserError where even near-duplicates and fields leave a class in too few folds
 */
export function planFolds(
  rows: readonly GroupingRow[],
  labels: Int32Array,
  classes: readonly string[],
  count: number,
  seed: number,
): FoldPlan {
  const plans = (['together', 'parted'] as const).map((templates) => () => {
    const groups = groupsOf(rows, templates);
    return { groups, folds: assignFolds(groups, labels, classes.length, count, seed), templates };
  });
  for (const make of plans) {
    const plan = make();
    if (narrowest(plan.folds, labels, classes.length).reach >= fewestFoldsOfClass) return plan;
  }
  const { groups, folds } = plans[1]!();
  const { label, reach } = narrowest(folds, labels, classes.length);
  const own = new Set([...groups].filter((_, i) => labels[i] === label)).size;
  throw inputError(
    'too-few-groups',
    `The rows labelled "${classes[label]}" are ${own} groups of near-duplicates${rows[0]!.fields.length > 0 ? ' and of equal fields' : ''}, which reach into ${reach} folds only: nothing could be held out.`,
    'Add rows that differ, leave the label out with --only, or group by less.',
  );
}

function groupsOf(rows: readonly GroupingRow[], templates: FoldPlan['templates']): Int32Array {
  const sets = createUnionFind(rows.length);
  const join = (keys: readonly (string | number | undefined)[]): void => {
    const first = new Map<string | number, number>();
    for (const [i, key] of keys.entries()) {
      if (key === undefined) continue;
      const known = first.get(key);
      if (known === undefined) first.set(key, i);
      else sets.union(known, i);
    }
  };
  join([
    ...findNearDuplicates(
      rows.map(({ plain }) => plain),
      nearDuplicateSettings,
    ),
  ]);
  if (templates === 'together') join(rows.map(({ template }) => template));
  for (const field of rows[0]?.fields.keys() ?? []) join(rows.map(({ fields }) => fields[field]));
  return numberedGroups(sets.roots());
}

/**
 * Large groups first, each to the fold where the sum over classes of (rows there)^2 / (rows of the class) grows least:
 * folds become alike in size and in classes.
 *
 * @param groups [rows] numbered from 0
 * @returns [rows]
 */
export function assignFolds(
  groups: Int32Array,
  labels: Int32Array,
  classes: number,
  count: number,
  seed: number,
): Int32Array {
  if (groups.length !== labels.length) throw internalError(`${groups.length} groups, ${labels.length} labels`);
  const members: number[][] = [];
  for (const [row, group] of groups.entries()) {
    members[group] ??= [];
    members[group]!.push(row);
  }
  const totals = countsOf(labels.keys(), labels, classes);
  const order = shuffled([...members.keys()], createRandom(seed, 'folds')).sort(
    (a, b) => members[b]!.length - members[a]!.length,
  );
  const held = Array.from({ length: count }, () => new Float64Array(classes));
  const folds = new Int32Array(groups.length);
  for (const group of order) {
    const own = countsOf(members[group]!, labels, classes);
    const growth = (fold: number): number =>
      own.reduce((sum, more, k) => sum + (more === 0 ? 0 : (more * (2 * held[fold]![k]! + more)) / totals[k]!), 0);
    const size = (fold: number): number => held[fold]!.reduce((sum, rows) => sum + rows, 0);
    let best = 0;
    for (let fold = 1; fold < count; fold++) {
      const gain = growth(fold) - growth(best);
      if (gain < -1e-12 || (gain < 1e-12 && size(fold) < size(best))) best = fold;
    }
    for (const row of members[group]!) folds[row] = best;
    for (const [k, more] of own.entries()) held[best]![k]! += more;
  }
  return folds;
}

function countsOf(rows: Iterable<number>, labels: Int32Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const row of rows) counts[labels[row]!]! += 1;
  return counts;
}

/** The class that reaches into the fewest folds. */
function narrowest(folds: Int32Array, labels: Int32Array, classes: number): { label: number; reach: number } {
  const reached = Array.from({ length: classes }, () => new Set<number>());
  for (const [i, label] of labels.entries()) reached[label]!.add(folds[i]!);
  const label = reached.reduce((least, set, k) => (set.size < reached[least]!.size ? k : least), 0);
  return { label, reach: reached[label]!.size };
}
