/**
 * Which characters of a rendered conversation are trained. Where the template marks them (`{% generation %}`), that is
 * what counts. Otherwise every assistant turn is found in the rendered text: from where the model would begin to write
 * (the end of the generation prompt) up to and including the token that ends the turn.
 *
 * Templates are programs, so nothing is assumed of their layout. Contents are found by rendering the conversation
 * again with two unused characters around each of them; where a template does not pass contents on unchanged, turns
 * are found by rendering the conversation up to them and after them.
 */

import type { Message } from '../../data/types';
import { inputError, UserError } from '../../protocol/errors';
import type { JsonValue } from '../../protocol/json';
import { withinTemplateLimit } from '../template/boundedJinja';
import { unusedCharacters } from '../template/chatTemplate';
import type { ChatTemplate, Encoding, TemplateMessage, Tokenizer } from '../types';
import { generationPrompt, turnEnds } from './endTokens';

/** Half-open range of UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface ChatSpans {
  readonly text: string;
  readonly encoding: Encoding;
  /** What is trained; may overlap and stand in any order. */
  readonly trained: readonly Span[];
}

interface ChatContext {
  readonly template: ChatTemplate;
  readonly tokenizer: Tokenizer;
}

export function templateMessage({ role, content, extra }: Message): TemplateMessage {
  return { ...extra, role, content };
}

/** Throws a UserError where the template refuses the conversation or a trained turn cannot be found in its text. */
export function findChatSpans(
  messages: readonly Message[],
  tools: readonly JsonValue[] | undefined,
  { template, tokenizer }: ChatContext,
): ChatSpans {
  const stated = messages.some(({ train, trainSpans }) => train !== undefined || trainSpans !== undefined);
  const { text, generationRanges, contents } = withinTemplateLimit('The chat template', () => {
    const rendered = template.render(messages.map(templateMessage), { addGenerationPrompt: 'no', tools });
    const needed = rendered.generationRanges === undefined || stated;
    return { ...rendered, contents: needed ? locateContents(messages, tools, template, rendered.text) : [] };
  });
  const encoding = tokenizer.encode(text);
  const chat = new RenderedConversation(messages, tools, template, tokenizer, text, encoding, contents);
  if (generationRanges === undefined) return { text, encoding, trained: chat.allTurns() };
  const marked = generationRanges.map(([start, end]) => ({ start, end }));
  return { text, encoding, trained: stated ? chat.overrideMarks(marked) : marked };
}

class RenderedConversation {
  constructor(
    private readonly messages: readonly Message[],
    private readonly tools: readonly JsonValue[] | undefined,
    private readonly template: ChatTemplate,
    private readonly tokenizer: Tokenizer,
    private readonly text: string,
    private readonly encoding: Encoding,
    private readonly contents: readonly (Span | undefined)[],
  ) {}

  allTurns(): Span[] {
    return this.messages.flatMap((message, i) => (isTrained(message) ? this.trainedParts(i) : []));
  }

  /** What rows say of single turns comes before what the template marks. */
  overrideMarks(marked: readonly Span[]): Span[] {
    const kept = marked.filter((mark) => {
      const at = this.contents.findIndex((content) => content !== undefined && overlap(content, mark));
      const message = this.messages[at];
      return message === undefined || (message.train !== false && message.trainSpans === undefined);
    });
    const added = this.messages.flatMap(({ train, trainSpans }, i) => {
      const content = this.contents[i];
      const present = content !== undefined && kept.some((mark) => overlap(content, mark));
      return (train === true && !present) || trainSpans !== undefined ? this.trainedParts(i) : [];
    });
    return [...kept, ...added];
  }

  private trainedParts(index: number): Span[] {
    const { trainSpans } = this.messages[index]!;
    const turn = this.findTurn(index);
    if (trainSpans === undefined) return [turn];
    const content = this.contents[index];
    if (content === undefined) throw this.notFound(index);
    const { lead } = splitContent(this.messages[index]!.content);
    const parts = trainSpans
      .filter(({ train }) => train)
      .map(({ begin, end }) => ({
        start: clamp(content.start + begin - lead.length, content),
        end: clamp(content.start + end - lead.length, content),
      }));
    // The end of a turn is trained with the turn, as soon as any of it is.
    return parts.length > 0 ? [...parts, { start: content.end, end: turn.end }] : [];
  }

  private findTurn(index: number): Span {
    const content = this.contents[index];
    if (content !== undefined) {
      return { start: this.startOfTurn(index, content), end: this.endOfTurn(index, content.end) };
    }
    const before = this.renderUpTo(index, 'yes');
    const after = this.renderUpTo(index + 1, 'no');
    if (before === undefined || after === undefined) throw this.notFound(index);
    if (!this.text.startsWith(before) || !this.text.startsWith(after) || before.length > after.length) {
      throw this.notFound(index);
    }
    const end = this.lastEndIn({ start: before.length, end: after.length });
    return { start: before.length, end: end ?? before.length + after.slice(before.length).trimEnd().length };
  }

  /** Where the generation prompt ends, as far as the template has one that the whole conversation repeats. */
  private startOfTurn(index: number, content: Span): number {
    const beforeSpaces = content.start - / *$/.exec(this.text.slice(0, content.start))![0].length;
    if (this.messages[index]!.role !== 'assistant') return beforeSpaces;
    const prompt = generationPrompt(this.template, this.tokenizer);
    if (prompt !== '' && this.text.endsWith(prompt, content.start)) return content.start;
    const prompted = this.renderUpTo(index, 'yes');
    if (prompted === undefined || prompted.length > content.start || !this.text.startsWith(prompted)) {
      return beforeSpaces;
    }
    const between = this.text.slice(prompted.length, content.start);
    if (between.trim() === '') return prompted.length;
    // Text between prompt and content (reasoning, say) is the model's, unless the template has no prompt at all.
    return prompted === this.renderUpTo(index, 'no') ? beforeSpaces : prompted.length;
  }

  private endOfTurn(index: number, contentEnd: number): number {
    const next = this.contents.slice(index + 1).find((content) => content !== undefined);
    const limit = next?.start ?? this.text.length;
    const ends = turnEnds(this.template, this.tokenizer);
    const end = this.tokenEnd(contentEnd, limit, (id) => ends.has(id), 'first');
    if (end !== undefined) return end;
    const after = this.renderUpTo(index + 1, 'no');
    if (after === undefined || after.length > limit || !this.text.startsWith(after)) return contentEnd;
    const special = this.lastEndIn({ start: contentEnd, end: after.length });
    return special ?? Math.max(contentEnd, after.trimEnd().length);
  }

  private lastEndIn({ start, end }: Span): number | undefined {
    return this.tokenEnd(start, end, (id) => this.tokenizer.isSpecial(id), 'last');
  }

  /** End of the first (last) wanted token that lies in [start, end). */
  private tokenEnd(
    start: number,
    end: number,
    wanted: (id: number) => boolean,
    which: 'first' | 'last',
  ): number | undefined {
    const { ids, offsets } = this.encoding;
    let found: number | undefined;
    for (let t = 0; t < ids.length; t++) {
      if (offsets[2 * t]! < start || !wanted(ids[t]!)) continue;
      if (offsets[2 * t + 1]! > end) break;
      found = offsets[2 * t + 1]!;
      if (which === 'first') break;
    }
    return found;
  }

  private renderUpTo(count: number, addGenerationPrompt: 'yes' | 'no'): string | undefined {
    const messages = this.messages.slice(0, count).map(templateMessage);
    try {
      return this.template.render(messages, { addGenerationPrompt, tools: this.tools }).text;
    } catch (error) {
      // Many templates refuse a conversation that begins or ends with the wrong turn; there are other ways to go on.
      if (error instanceof UserError) return undefined;
      throw error;
    }
  }

  private notFound(index: number): UserError {
    return inputError(
      'chat-turn-not-found',
      `Where turn ${index + 1} (${this.messages[index]!.role}) stands in the rendered conversation cannot be told.`,
      'Put {% generation %} marks around the assistant turns of the chat template.',
    );
  }
}

/**
 * Where each content stands in the rendered `text`, without the white space around it; undefined where it cannot be
 * told. Run it within the template's limits (`withinTemplateLimit`).
 */
export function locateContents(
  messages: readonly Message[],
  tools: readonly JsonValue[] | undefined,
  template: ChatTemplate,
  text: string,
): readonly (Span | undefined)[] {
  const nowhere = messages.map(() => undefined);
  const everything = template.source + JSON.stringify([messages, tools ?? null]);
  const marks = unusedCharacters(everything, 2 * messages.length);
  if (marks.length < 2 * messages.length) return nowhere;
  const marked = messages.map((message, i) => {
    const { lead, core, trail } = splitContent(message.content);
    const content = core === '' ? message.content : lead + marks[2 * i]! + core + marks[2 * i + 1]! + trail;
    return templateMessage({ ...message, content });
  });
  let rendered: string;
  try {
    rendered = template.render(marked, { addGenerationPrompt: 'no', tools }).text;
  } catch (error) {
    if (error instanceof UserError) return nowhere;
    throw error;
  }
  const found = collectMarks(rendered, marks);
  if (found.text !== text) return nowhere;
  return messages.map((_, i) => {
    const [starts, ends] = [found.places[2 * i]!, found.places[2 * i + 1]!];
    return starts.length === 1 && ends.length === 1 ? { start: starts[0]!, end: ends[0]! } : undefined;
  });
}

function isTrained({ role, train, trainSpans }: Message): boolean {
  if (train === false) return false;
  return train === true || trainSpans !== undefined || role === 'assistant';
}

/** Templates often trim contents, so the marks stand inside the white space around them. */
function splitContent(content: string): { readonly lead: string; readonly core: string; readonly trail: string } {
  const core = content.trim();
  const at = content.indexOf(core);
  return { lead: content.slice(0, at), core, trail: content.slice(at + core.length) };
}

/** The text without marks, and where each of them stood in it. */
function collectMarks(rendered: string, marks: readonly string[]): { text: string; places: readonly number[][] } {
  const places = marks.map((): number[] => []);
  const indexOf = new Map(marks.map((mark, i) => [mark, i]));
  let text = '';
  for (const character of rendered) {
    const index = indexOf.get(character);
    if (index === undefined) text += character;
    else places[index]!.push(text.length);
  }
  return { text, places };
}

function overlap(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}

function clamp(position: number, span: Span): number {
  return Math.min(Math.max(position, span.start), span.end);
}
