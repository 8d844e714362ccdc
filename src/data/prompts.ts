import type { DataLimits } from './limits';
import { own } from './own';
import { rowProblem } from './parseRow';
import { readId, readTurns } from './queries';
import { readRows } from './readRows';
import { RowFault, wrongType } from './schemas/fault';
import type { Message, Row, RowAddress, RowProblem } from './types';

/** A prompt of a file, with the answer that the file gives, if any. */
export interface ReadPrompt {
  readonly id: string;
  readonly address: RowAddress;
  readonly prompt: string | readonly Message[];
  readonly answer: string | null;
  readonly tags: readonly string[];
}

/**
 * Reads prompts to measure on: `{id, prompt}` with an optional `completion`, or `{id, messages}`, whose last turn is the
 * answer where it is the assistant's. Ids need not differ. A row that is neither is a problem.
 *
 * @throws UserError where the file cannot be read at all
 */
export async function parsePrompts(
  path: string,
  options: { readonly file: string; readonly limits: DataLimits },
): Promise<{ readonly prompts: readonly ReadPrompt[]; readonly problems: readonly RowProblem[] }> {
  const prompts: ReadPrompt[] = [];
  const problems: RowProblem[] = [];
  for await (const batch of readRows(path, options)) {
    problems.push(...batch.problems);
    for (const row of batch.rows) {
      try {
        prompts.push(readPrompt(row));
      } catch (error) {
        if (!(error instanceof RowFault)) throw error;
        problems.push(rowProblem('error', row.address, error.code, error.message, error.next));
      }
    }
  }
  return { prompts, problems };
}

function readPrompt(row: Row): ReadPrompt {
  const { value, address } = row;
  const category = own(value, 'category');
  const common = { id: readId(row), address, tags: typeof category === 'string' ? [category] : [] };
  if (Object.hasOwn(value, 'messages')) {
    const turns = readTurns(value);
    const last = turns.at(-1);
    if (last === undefined) throw new RowFault('field-missing', 'messages is empty.', 'Give the turns of the prompt.');
    if (last.role !== 'assistant') return { ...common, prompt: turns, answer: null };
    if (turns.length > 1) return { ...common, prompt: turns.slice(0, -1), answer: last.content };
    throw new RowFault('no-prompt', 'messages has an answer and no prompt.', 'Put the user turn before it.');
  }
  const prompt = own(value, 'prompt');
  if (prompt === undefined) throw new RowFault('field-missing', 'there is neither prompt nor messages.', 'Add one.');
  if (typeof prompt !== 'string') throw wrongType('prompt', 'a text', prompt);
  const completion = own(value, 'completion') ?? null;
  if (completion !== null && typeof completion !== 'string') throw wrongType('completion', 'a text', completion);
  return { ...common, prompt, answer: completion };
}
