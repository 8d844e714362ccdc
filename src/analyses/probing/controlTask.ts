import { createRandom } from '../../linalg/random';
import type { ControlType } from '../../protocol/probing';
import { words } from '../../text/lexical/words';

/** A task of the same shape that can be solved by remembering alone. */
export interface ControlTask {
  readonly type: Exclude<ControlType, 'auto'>;
  /** [rows] what fixes each row's control label. */
  readonly types: readonly string[];
  /** [rows] in [0, classes). */
  readonly labels: Int32Array;
  /** Share of rows whose type occurs in another fold. */
  readonly recurring: number;
}

/** A word that this share of the texts holds is no content. */
const commonShare = 0.1;

/**
 * Hewitt and Liang's control task (arXiv 1909.03368): each type of row gets a label at random, the same in all folds,
 * drawn in the labels' proportions. A probe can only be right by remembering types, so its accuracy says how much of the
 * real probe's may be memory. Labels shuffled over rows would say nothing: they are chance on held-out rows.
 *
 * @param prompts [rows]
 * @param templates [rows]
 * @param labels [rows]
 * @param folds [rows]
 */
export function makeControlTask(
  choice: ControlType,
  prompts: readonly string[],
  templates: readonly (string | undefined)[],
  labels: Int32Array,
  classes: number,
  folds: Int32Array,
  seed: number,
): ControlTask {
  const typesOf: Readonly<Record<Exclude<ControlType, 'auto'>, () => readonly string[]>> = {
    word: () => firstContentWords(prompts),
    template: () => templates.map((one, i) => one ?? prompts[i]!),
    key: () => keyWords(prompts, labels, classes),
  };
  const candidates = (choice === 'auto' ? (['word', 'template'] as const) : [choice]).map((type) => {
    const types = typesOf[type]();
    return { type, types, recurring: recurringShare(types, folds) };
  });
  const { type, types, recurring } = candidates.reduce((best, one) => (one.recurring > best.recurring ? one : best));
  const proportions = new Float64Array(classes);
  for (const label of labels) proportions[label]! += 1 / labels.length;
  const drawn = new Map<string, number>();
  for (const one of types) if (!drawn.has(one)) drawn.set(one, draw(proportions, seed, one));
  return { type, types, recurring, labels: Int32Array.from(types, (one) => drawn.get(one)!) };
}

/**
 * The first word of each text that at most a tenth of the texts hold and another text holds too; without one, the rarest
 * word.
 */
export function firstContentWords(texts: readonly string[]): string[] {
  const split = texts.map(words);
  const counts = new Map<string, number>();
  for (const text of split) for (const word of new Set(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const most = commonShare * texts.length;
  return split.map((text, i) => {
    const content = text.find((word) => counts.get(word)! >= 2 && counts.get(word)! <= most);
    const rarest = text.reduce<string | undefined>(
      (least, word) => (least === undefined || counts.get(word)! < counts.get(least)! ? word : least),
      undefined,
    );
    return content ?? rarest ?? texts[i]!;
  });
}

/** The word of each text whose presence tells most of the label over all texts (mutual information); the first of equals. */
export function keyWords(texts: readonly string[], labels: Int32Array, classes: number): string[] {
  const split = texts.map(words);
  const inClass = new Float64Array(classes);
  for (const label of labels) inClass[label]! += 1;
  const present = new Map<string, Float64Array>();
  for (const [i, text] of split.entries())
    for (const word of new Set(text)) {
      const counts = present.get(word) ?? new Float64Array(classes);
      counts[labels[i]!]! += 1;
      present.set(word, counts);
    }
  const told = new Map([...present].map(([word, counts]) => [word, mutualInformation(counts, inClass)]));
  return split.map((text, i) => {
    const best = text.reduce<string | undefined>(
      (most, word) => (most === undefined || told.get(word)! > told.get(most)! ? word : most),
      undefined,
    );
    return best ?? texts[i]!;
  });
}

/** Nats that presence tells of the class. @param counts of each class where it is present @param inClass of each class */
function mutualInformation(counts: Float64Array, inClass: Float64Array): number {
  const total = inClass.reduce((sum, count) => sum + count, 0);
  const held = counts.reduce((sum, count) => sum + count, 0);
  const part = (joint: number, side: number, ofClass: number): number =>
    joint === 0 ? 0 : (joint / total) * Math.log((joint * total) / (side * ofClass));
  return counts.reduce(
    (sum, count, k) => sum + part(count, held, inClass[k]!) + part(inClass[k]! - count, total - held, inClass[k]!),
    0,
  );
}

function recurringShare(types: readonly string[], folds: Int32Array): number {
  const seen = new Map<string, Set<number>>();
  for (const [i, type] of types.entries()) {
    const known = seen.get(type);
    if (known === undefined) seen.set(type, new Set([folds[i]!]));
    else known.add(folds[i]!);
  }
  return types.filter((type) => seen.get(type)!.size > 1).length / types.length;
}

/** Each type has a stream of its own: another type more or less changes no other's label. */
function draw(proportions: Float64Array, seed: number, type: string): number {
  let left = createRandom(seed, `control ${type}`).uniform();
  for (let k = 0; k < proportions.length; k++) {
    left -= proportions[k]!;
    if (left < 0) return k;
  }
  return proportions.findLastIndex((share) => share > 0);
}
