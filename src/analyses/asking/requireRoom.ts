import type { LanguageModel } from '../../model/openLanguageModel';
import { inputError } from '../../protocol/errors';

/**
 * Refuses a prompt for which the model has no positions.
 *
 * @throws UserError `prompt-too-long`
 */
export function requireRoom(tokens: number, { label, config }: Pick<LanguageModel, 'label' | 'config'>): void {
  const most = config.lengthLimit ?? Number.POSITIVE_INFINITY;
  if (tokens <= most) return;
  throw inputError(
    'prompt-too-long',
    `The prompt has ${tokens} tokens, ${label} takes ${most} at most.`,
    'Shorten the prompt.',
  );
}
