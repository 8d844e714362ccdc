import type { Example, Message } from '../../data/types';
import { createRandom, shuffled } from '../../linalg/random';
import { inputError } from '../../protocol/errors';

/** Between demonstrations, and between the last one and the row, where rows are raw text. */
const separator = '\n\n';

type Demonstrable = Extract<Example, { kind: 'completion' | 'chat' | 'tokens' }>;

function isDemonstrable(example: Example): example is Demonstrable {
  return example.kind === 'completion' || example.kind === 'chat' || example.kind === 'tokens';
}

/** Turns of a demonstration: no system turn of its own, and nothing in it is trained. */
function shown(messages: readonly Message[]): Message[] {
  return messages
    .filter(({ role }) => role !== 'system' && role !== 'developer')
    .map((message) => ({ ...message, train: false, trainSpans: undefined }));
}

function join<E extends Demonstrable>(demonstrations: readonly E[], example: E): Example {
  switch (example.kind) {
    case 'completion': {
      const texts = (demonstrations as readonly (E & { kind: 'completion' })[]).map(
        ({ prompt, completion }) => `${prompt}${completion}${separator}`,
      );
      return { ...example, prompt: texts.join('') + example.prompt };
    }
    case 'chat': {
      const turns = (demonstrations as readonly (E & { kind: 'chat' })[]).flatMap(({ messages }) => shown(messages));
      const first = example.messages.findIndex(({ role }) => role !== 'system' && role !== 'developer');
      const lead = first === -1 ? example.messages.length : first;
      return { ...example, messages: [...example.messages.slice(0, lead), ...turns, ...example.messages.slice(lead)] };
    }
    case 'tokens': {
      const before = (demonstrations as readonly (E & { kind: 'tokens' })[]).flatMap(({ ids }) => ids);
      return { ...example, ids: [...before, ...example.ids], labels: [...before.map(() => -100), ...example.labels] };
    }
  }
}

/**
 * Puts the same `count` demonstrations before every row, loss on the row alone (FTICL). They are drawn once, by seed,
 * from rows of the row's own kind; a row that is one of them gets a spare in its place, never itself.
 */
export function withDemonstrations(examples: readonly Example[], count: number, seed: number): readonly Example[] {
  if (count === 0) return examples;
  const chosen = new Map<Example['kind'], readonly Demonstrable[]>();
  const drawn = (kind: Demonstrable['kind']): readonly Demonstrable[] => {
    const known = chosen.get(kind);
    if (known !== undefined) return known;
    const candidates = examples.filter((example): example is Demonstrable => example.kind === kind);
    if (candidates.length <= count)
      throw inputError(
        'too-few-demonstrations',
        `The recipe asks for ${count} demonstrations before each row; there are only ${candidates.length} rows of that kind.`,
        `Set demonstrations below ${candidates.length}, or add rows.`,
      );
    const result = shuffled(candidates, createRandom(seed, `demonstrations of ${kind}`)).slice(0, count + 1);
    chosen.set(kind, result);
    return result;
  };
  return examples.map((example) => {
    if (!isDemonstrable(example))
      throw inputError(
        'demonstrations-need-prompts',
        `Demonstrations need rows with a prompt and an answer; a row of kind ${example.kind} has none.`,
        'Set demonstrations to 0, or give prompt and completion or chat rows.',
      );
    const others = drawn(example.kind).filter((other) => other !== example);
    return join(others.slice(0, count), example);
  });
}
