import type { BehaviourCase } from '../../protocol/behaviour';
import type { BehaviourChoice } from '../../protocol/editorJobs';

/** What the model itself answers to a text. */
export function answerTo(text: string): BehaviourChoice {
  return { kind: 'text', prompt: { kind: 'text', text }, completion: null, rejected: null, measurement: null };
}

/** What the model answers to a test's prompt. */
export function answerToTest({ prompt }: BehaviourCase): BehaviourChoice {
  if (typeof prompt === 'string') return answerTo(prompt);
  const messages = prompt.map(({ role, content, extra }) => ({ ...extra, role, content }));
  return { kind: 'text', prompt: { kind: 'messages', messages }, completion: null, rejected: null, measurement: null };
}
