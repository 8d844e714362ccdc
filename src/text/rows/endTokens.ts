/** Tokens that end a turn: what a chat template writes after an answer, and what the model's files call end of text. */
import path from 'node:path';
import { UserError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import { readJsonObjectIfPresent } from '../boundedJson';
import type { ChatTemplate, TemplateMessage, Tokenizer } from '../types';

const probe = 'whence';

/** What a template is seen to do with a conversation of two turns. */
interface TemplateHabits {
  /** The special token right after an assistant's content, white space aside. */
  readonly endOfTurn: number | undefined;
  /** What a generation prompt adds at the end; empty where it adds nothing. */
  readonly generationPrompt: string;
}

const known = new WeakMap<ChatTemplate, WeakMap<Tokenizer, TemplateHabits>>();

function templateHabits(template: ChatTemplate, tokenizer: Tokenizer): TemplateHabits {
  let ofTemplate = known.get(template);
  if (ofTemplate === undefined) {
    ofTemplate = new WeakMap();
    known.set(template, ofTemplate);
  }
  let habits = ofTemplate.get(tokenizer);
  if (habits === undefined) {
    habits = { endOfTurn: probeEnd(template, tokenizer), generationPrompt: probePrompt(template) };
    ofTemplate.set(tokenizer, habits);
  }
  return habits;
}

/** The special token that the template puts right after an assistant's content (white space aside), if there is one. */
export function endOfTurnToken(template: ChatTemplate, tokenizer: Tokenizer): number | undefined {
  return templateHabits(template, tokenizer).endOfTurn;
}

/** The text that asks the model for its turn, e.g. `<|im_start|>assistant` and a line break; may be empty. */
export function generationPrompt(template: ChatTemplate, tokenizer: Tokenizer): string {
  return templateHabits(template, tokenizer).generationPrompt;
}

const question = { role: 'user', content: 'a' };

/** undefined: the template insists on other turns than these; then rows alone show what it does. */
function tryRender(
  template: ChatTemplate,
  messages: readonly TemplateMessage[],
  addGenerationPrompt: 'yes' | 'no',
): string | undefined {
  try {
    return template.render(messages, { addGenerationPrompt, tools: undefined }).text;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function probePrompt(template: ChatTemplate): string {
  const asked = tryRender(template, [question], 'no');
  const prompted = tryRender(template, [question], 'yes');
  if (asked === undefined || prompted === undefined || !prompted.startsWith(asked)) return '';
  return prompted.slice(asked.length);
}

function probeEnd(template: ChatTemplate, tokenizer: Tokenizer): number | undefined {
  const text = tryRender(template, [question, { role: 'assistant', content: probe }], 'no');
  const at = text?.lastIndexOf(probe) ?? -1;
  if (text === undefined || at < 0) return undefined;
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
