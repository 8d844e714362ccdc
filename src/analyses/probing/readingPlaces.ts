/**
 * probing/ asks what can be read linearly in a model's residual stream: labels of rows, and directions between sets of
 * rows. It trains no model and says nothing of what causes what: a label that can be read need not be used.
 */
import { type NamedPosition, namedPositions } from '../../protocol/probing';
import type { StatePlace } from '../influence/states/rowStates';
import type { PassTokens } from '../passes/rowPasses';
import { untrained } from '../training/passFeeds';

/** Where a row is read, and what has been read by then. */
export interface ReadingPlace {
  /** The position as it is written. */
  readonly name: string;
  readonly read: StatePlace;
  /** All tokens up to the last one that is read. */
  readonly seen: StatePlace;
  /** Whether the answer is among them. */
  readonly sees: 'prompt' | 'answer';
  /** Tokens a row must have; undefined: any row will do. */
  readonly needs: (row: PassTokens) => boolean;
}

/** A position by its name or number; undefined: it is none. */
export function readingPlace(name: string): ReadingPlace | undefined {
  const known = namedPositions.find((position) => position === name);
  if (known !== undefined) return placeOf(name, tokensOf[known], known === 'answer' ? 'answer' : 'prompt');
  if (!/^-?\d{1,6}$/.test(name) || name === '-0') return undefined;
  const index = Number(name);
  const tokens = (row: PassTokens): readonly number[] => {
    const t = index < 0 ? promptEnd(row) + index : index;
    return t >= 0 && t < row.ids.length ? [t] : [];
  };
  return placeOf(name, tokens, index < 0 ? 'prompt' : 'answer');
}

function placeOf(
  name: string,
  tokens: (row: PassTokens) => readonly number[],
  sees: ReadingPlace['sees'],
): ReadingPlace {
  const seen = (row: PassTokens): readonly number[] => range(tokens(row).at(-1)! + 1);
  return {
    name,
    read: { name: `read ${name}`, tokens },
    seen: { name: `seen ${name}`, tokens: seen },
    sees,
    needs: (row) => tokens(row).length > 0,
  };
}

const tokensOf: Readonly<Record<NamedPosition, (row: PassTokens) => readonly number[]>> = {
  last: (row) => [promptEnd(row) - 1],
  mean: (row) => range(promptEnd(row)),
  answer: ({ labels }) => [...labels.keys()].filter((t) => t > 0 && labels[t] !== untrained),
};

/** Tokens before the last trained span; all where nothing but a start token comes before it. */
function promptEnd({ ids, labels }: PassTokens): number {
  let t = ids.length - 1;
  while (t > 0 && labels[t] === untrained) t--;
  while (t > 0 && labels[t - 1] !== untrained) t--;
  return t <= 1 ? ids.length : t;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, t) => t);
}
