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
  const candidates = (['word', 'template'] as const)
    .filter((type) => choice === 'auto' || choice === type)
    .map((type) => {
      const types = type === 'word' ? firstContentWords(prompts) : templates.map((one, i) => one ?? prompts[i]!);
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
