/** What the Ask panel computes and keeps. Pure: no DOM. */
import type { AskAction, AskedAnswer, AskSnapshot, AskTurn } from '../../protocol/panels';
import type { Sampling } from '../../protocol/requests';

/** What the user has typed and chosen; kept while the panel is hidden. */
export interface AskView {
  readonly draft: string;
  /** null: as the snapshot proposes. */
  readonly models: readonly string[] | null;
  readonly template: 'chat' | 'raw';
  readonly sampling: 'greedy' | 'sampled';
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  /** null: as the settings say. */
  readonly maxTokens: number | null;
  /** The answer that the next message follows; null: it begins anew. */
  readonly after: { readonly turn: string; readonly answer: number } | null;
}

export const firstView: AskView = {
  draft: '',
  models: null,
  template: 'chat',
  sampling: 'greedy',
  temperature: 0.8,
  topP: 0.95,
  seed: 0,
  maxTokens: null,
  after: null,
};

/** The view that was kept, where it is one; anything else begins anew. */
export function keptView(value: unknown): AskView {
  const fields = typeof value === 'object' && value !== null ? (value as Partial<Record<keyof AskView, unknown>>) : {};
  const number = (found: unknown, least: number, most: number, otherwise: number): number =>
    typeof found === 'number' && found >= least && found <= most ? found : otherwise;
  const models = Array.isArray(fields.models) ? fields.models.filter((name) => typeof name === 'string') : null;
  return {
    ...firstView,
    draft: typeof fields.draft === 'string' ? fields.draft : '',
    models,
    template: fields.template === 'raw' ? 'raw' : 'chat',
    sampling: fields.sampling === 'sampled' ? 'sampled' : 'greedy',
    temperature: number(fields.temperature, 0, 100, firstView.temperature),
    topP: number(fields.topP, 0, 1, firstView.topP),
    seed: Math.round(number(fields.seed, 0, Number.MAX_SAFE_INTEGER, firstView.seed)),
    maxTokens: typeof fields.maxTokens === 'number' ? Math.round(number(fields.maxTokens, 1, 4096, 64)) : null,
  };
}

/** The models that are asked next: those chosen that still exist, or those proposed. */
export function chosenModels(
  { models, defaultModels }: Pick<AskSnapshot, 'models' | 'defaultModels'>,
  view: AskView,
): readonly string[] {
  const known = new Set(models.map(({ name }) => name));
  const chosen = view.models?.filter((name) => known.has(name)) ?? [];
  return chosen.length > 0 ? chosen : defaultModels;
}

/** What is sent; null: there is nothing to ask. */
export function askAction(snapshot: AskSnapshot, view: AskView): AskAction | null {
  const models = chosenModels(snapshot, view);
  if (view.draft.trim() === '' || models.length === 0) return null;
  const { temperature, topP, seed } = view;
  const sampling: Sampling =
    view.sampling === 'greedy' ? { kind: 'greedy' } : { kind: 'sampled', temperature, topP, seed };
  return {
    kind: 'ask',
    text: view.draft,
    after: view.after,
    template: view.after === null ? view.template : 'chat',
    models,
    sampling,
    maxTokens: view.maxTokens ?? snapshot.maxTokens,
  };
}

/** Characters [from, to) of tokens [first, last] of an answer. */
export function charactersOf(
  pieces: readonly string[],
  first: number,
  last: number,
): { readonly from: number; readonly to: number } {
  const length = (tokens: readonly string[]): number => tokens.reduce((sum, { length: one }) => sum + one, 0);
  const from = length(pieces.slice(0, first));
  return { from, to: from + length(pieces.slice(first, last + 1)) };
}

/** What was asked, as a person reads it: the last thing the user said. */
export function askedText({ prompt }: Pick<AskTurn, 'prompt'>): string {
  if (prompt.kind === 'text') return prompt.text;
  const content = prompt.messages.findLast(({ role }) => role === 'user')?.content;
  return typeof content === 'string' ? content : '';
}

/** Whether a token-by-token view can be given: one log-probability a token. */
export function hasTokens(
  answer: AskedAnswer,
): answer is AskedAnswer & { readonly pieces: readonly string[]; readonly logprobs: readonly number[] } {
  return answer.pieces !== null && answer.logprobs !== null && answer.pieces.length === answer.logprobs.length;
}
