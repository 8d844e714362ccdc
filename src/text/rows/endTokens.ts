/** Tokens that end a turn: what a chat template writes after an answer, and what the model's files call end of text. */
import path from 'node:path';
import { UserError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import { readJsonObjectIfPresent } from '../boundedJson';
import type { ChatTemplate, Tokenizer } from '../types';

const probe = 'whence';
const probes = new WeakMap<ChatTemplate, WeakMap<Tokenizer, number | undefined>>();

/** The special token that the template puts right after an assistant's content (white space aside), if there is one. */
export function endOfTurnToken(template: ChatTemplate, tokenizer: Tokenizer): number | undefined {
  let known = probes.get(template);
  if (known === undefined) {
    known = new WeakMap();
    probes.set(template, known);
  }
  if (!known.has(tokenizer)) known.set(tokenizer, probeEnd(template, tokenizer));
  return known.get(tokenizer);
}

function probeEnd(template: ChatTemplate, tokenizer: Tokenizer): number | undefined {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: probe },
  ];
  let text: string;
  try {
    text = template.render(messages, { addGenerationPrompt: 'no', tools: undefined }).text;
  } catch (error) {
    // A template may insist on other turns than these; then rows alone show how its turns end.
    if (error instanceof UserError) return undefined;
    throw error;
  }
  const at = text.lastIndexOf(probe);
  if (at < 0) return undefined;
  const after = at + probe.length;
  const { ids, offsets } = tokenizer.encode(text);
  for (let t = 0; t < ids.length; t++) {
    const start = offsets[2 * t]!;
    if (start < after || !tokenizer.isSpecial(ids[t]!)) continue;
    return text.slice(after, start).trim() === '' ? ids[t]! : undefined;
  }
  return undefined;
}

/** Ids that end an assistant's turn in rendered text. */
export function turnEnds(template: ChatTemplate, tokenizer: Tokenizer): ReadonlySet<number> {
  const ids = [endOfTurnToken(template, tokenizer), tokenizer.special.eos];
  return new Set(ids.filter((id) => id !== undefined));
}

/**
 * Ids at which generation stops: `eos_token_id` of generation_config.json and config.json (a number or a list), the
 * tokenizer's eos, and the end of turn of the template. `folder` undefined (GGUF): the last two alone, with `further`.
 */
export function stopTokenIds(
  folder: string | undefined,
  tokenizer: Tokenizer,
  template: ChatTemplate | undefined,
  further: readonly (number | undefined)[] = [],
): ReadonlySet<number> {
  const stops = new Set<number>();
  const add = (id: unknown) => {
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0) stops.add(id);
  };
  for (const file of ['generation_config.json', 'config.json']) {
    const config = folder === undefined ? undefined : readJsonObjectIfPresent(path.join(folder, file));
    for (const id of eosIds(config)) add(id);
  }
  add(tokenizer.special.eos);
  if (template !== undefined) add(endOfTurnToken(template, tokenizer));
  for (const id of further) add(id);
  return stops;
}

function eosIds(config: JsonObject | undefined): readonly unknown[] {
  const value = config?.eos_token_id;
  return Array.isArray(value) ? value : [value];
}
