import type { BehaviourCase } from '../../protocol/behaviour';

/** What a test asks: the last turn, or the text. */
export function promptText({ prompt }: BehaviourCase): string {
  return typeof prompt === 'string' ? prompt : (prompt.at(-1)?.content ?? '');
}
