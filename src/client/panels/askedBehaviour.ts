import type { BehaviourChoice } from '../../protocol/editorJobs';
import type { AskTurn } from '../../protocol/panels';
import type { Prompt } from '../../protocol/requests';

/**
 * A part of an answer as a behaviour to trace: what was asked, what the model had said before, and the part as the
 * completion. In a conversation the earlier part stays in the model's own turn: the prompt's last turn is then the
 * assistant's, and the completion goes on from it.
 *
 * @throws Error where the part is not in the answer
 */
export function askedBehaviour(turn: AskTurn, answer: number, from: number, to: number): BehaviourChoice {
  const text = turn.answers[answer]?.text;
  if (text === undefined || from >= to || to > text.length) throw new Error('internal: no such part of an answer');
  return {
    kind: 'text',
    prompt: promptBefore(turn, text.slice(0, from)),
    completion: text.slice(from, to),
    rejected: null,
    measurement: null,
  };
}

function promptBefore({ prompt, template }: AskTurn, before: string): Prompt {
  if (before === '') return prompt;
  if (prompt.kind === 'text' && template === 'raw') return { kind: 'text', text: prompt.text + before };
  const turns = prompt.kind === 'text' ? [{ role: 'user', content: prompt.text }] : prompt.messages;
  return { kind: 'messages', messages: [...turns, { role: 'assistant', content: before }] };
}

/** The conversation so far, with the answer that the next message follows. */
export function continuedPrompt(turn: AskTurn, answer: number, message: string): Prompt {
  const { prompt } = turn;
  const turns = prompt.kind === 'text' ? [{ role: 'user', content: prompt.text }] : prompt.messages;
  const said = turn.answers[answer]?.text ?? '';
  return {
    kind: 'messages',
    messages: [...turns, { role: 'assistant', content: said }, { role: 'user', content: message }],
  };
}
