import { inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { Prompt, Warning } from '../../protocol/requests';
import type { ModelText } from '../../text/openModelText';

/** A prompt as the model reads it. */
export interface RenderedPrompt {
  readonly ids: Int32Array;
  /** The text behind the ids, template applied. */
  readonly text: string;
  /** What the user asked, for display: the text, or the last turn. */
  readonly shown: string;
  readonly warning: Warning | undefined;
}

/**
 * Applies the chat template to a prompt. `raw`, or a model without a template: a text prompt is read as it is, with the
 * tokens that the tokenizer adds by itself (bos).
 *
 * @throws UserError where messages meet a model without a template, or nothing is left to read
 */
export function renderPrompt(prompt: Prompt, { tokenizer, template }: ModelText, use: 'chat' | 'raw'): RenderedPrompt {
  if (prompt.kind === 'messages' && template === undefined) {
    throw inputError(
      'no-chat-template',
      'The model has no chat template, so it takes no list of messages.',
      'Give the text itself with --prompt.',
    );
  }
  const raw = template === undefined || (use === 'raw' && prompt.kind === 'text');
  const shown = prompt.kind === 'text' ? prompt.text : lastContent(prompt.messages);
  if (raw) {
    const text = prompt.kind === 'text' ? prompt.text : shown;
    const { ids } = tokenizer.encodeWithSpecial(text);
    return { ids: requireTokens(ids), text, shown, warning: use === 'raw' ? undefined : missingTemplate };
  }
  const messages = prompt.kind === 'text' ? [{ role: 'user', content: prompt.text }] : prompt.messages;
  const { text } = template.render(messages, { addGenerationPrompt: 'yes', tools: undefined });
  // The template writes the special tokens itself.
  return { ids: requireTokens(tokenizer.encode(text).ids), text, shown, warning: undefined };
}

const missingTemplate: Warning = {
  code: 'no-chat-template',
  message: 'The model has no chat template: the prompt is continued as it is.',
};

function requireTokens(ids: Int32Array): Int32Array {
  if (ids.length > 0) return ids;
  throw inputError('prompt-empty', 'The prompt has no tokens.', 'Give a prompt with some text.');
}

function lastContent(messages: readonly JsonObject[]): string {
  const content = messages.at(-1)?.content;
  return typeof content === 'string' ? content : JSON.stringify(content ?? '');
}
