/**
 * A chat template with the context that transformers gives it, and the ranges that its `{% generation %}` blocks mark.
 * The Jinja library drops those tags (and white space around them that Jinja keeps), so they are replaced by variables:
 * empty ones for the text, and two otherwise unused characters in a second rendering that shows what they enclose.
 */
import { inputError } from '../../protocol/errors';
import type { ChatTemplate, RenderedChat } from '../types';
import { type CompiledTemplate, compileTemplate, type TemplateVariables, withinTemplateLimit } from './boundedJinja';
import { strftime } from './strftime';

export interface ChatTemplateDefinition {
  /** Named in errors, e.g. the path of chat_template.jinja. */
  readonly name: string;
  /** By name; `default` is used, and `tool_use` where there are tools. */
  readonly sources: ReadonlyMap<string, string>;
  /** Variables such as `bos_token`. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** What `strftime_now` shows. */
  readonly now: () => Date;
}

/** Throws a UserError where a template is malformed or none of them is the default one. */
export function createChatTemplate(definition: ChatTemplateDefinition): ChatTemplate {
  const templates = new Map<string, MarkedTemplate>();
  for (const [name, source] of definition.sources) {
    templates.set(name, compile(name === 'default' ? definition.name : `${definition.name} (${name})`, source));
  }
  const fallback = templates.get('default') ?? (templates.size === 1 ? [...templates.values()][0] : undefined);
  if (fallback === undefined) {
    throw inputError(
      'template-missing',
      `${definition.name} has no template named "default" (only: ${[...templates.keys()].join(', ')}).`,
      'Name one of them "default".',
    );
  }
  return {
    source: fallback.source,
    render(messages, options) {
      const hasTools = options.tools !== undefined && options.tools.length > 0;
      const template = (hasTools ? templates.get('tool_use') : undefined) ?? fallback;
      const variables = {
        ...definition.specialTokens,
        messages,
        tools: options.tools ?? null,
        documents: null,
        add_generation_prompt: options.addGenerationPrompt === 'yes',
        strftime_now: (format: unknown) => strftime(definition.now(), String(format)),
      };
      return withinTemplateLimit(template.name, () => renderMarked(template, variables));
    },
  };
}

interface MarkedTemplate {
  readonly name: string;
  readonly source: string;
  /** Prints two variables in the places of generation tags, where there are any. */
  readonly compiled: CompiledTemplate;
  readonly hasMarks: boolean;
}

const generationTag = /\{%(-?)\s*(end)?generation\s*(-?)%\}/g;
const [openName, closeName] = ['whence_generation_start', 'whence_generation_end'];

function compile(name: string, source: string): MarkedTemplate {
  // Two empty assignments keep the white-space rules of the tag they stand for: one on its left, one on its right.
  const withMarks = source.replace(
    generationTag,
    (_, left: string, end: string | undefined, right: string) =>
      `{%${left} set whence_mark = 0 %}{{ ${end === undefined ? openName : closeName} }}{% set whence_mark = 0 ${right}%}`,
  );
  return { name, source, compiled: compileTemplate(name, withMarks), hasMarks: withMarks !== source };
}

function renderMarked(template: MarkedTemplate, variables: TemplateVariables): RenderedChat {
  const text = template.compiled.render({ ...variables, [openName]: '', [closeName]: '' });
  if (!template.hasMarks) return { text, generationRanges: undefined };
  const [open, close] = unusedCharacters(template.source + JSON.stringify([variables.messages, variables.tools]), 2);
  if (open === undefined || close === undefined) throw badMarks(template.name);
  const marked = template.compiled.render({ ...variables, [openName]: open, [closeName]: close });
  const generationRanges: [number, number][] = [];
  let stripped = '';
  let start: number | undefined;
  for (const part of marked.split(new RegExp(`([${open}${close}])`, 'u'))) {
    if (part === open && start === undefined) start = stripped.length;
    else if (part === close && start !== undefined) {
      generationRanges.push([start, stripped.length]);
      start = undefined;
    } else if (part === open || part === close) throw badMarks(template.name);
    else stripped += part;
  }
  if (start !== undefined || stripped !== text) throw badMarks(template.name);
  return { text, generationRanges };
}

/** Private-use characters that do not occur in `text`, as many of `count` as there are. */
export function unusedCharacters(text: string, count: number): string[] {
  const used = new Set(text.match(/[\u{f0000}-\u{ffffd}]/gu));
  const unused: string[] = [];
  for (let code = 0xf0000; code <= 0xffffd && unused.length < count; code++) {
    const character = String.fromCodePoint(code);
    if (!used.has(character)) unused.push(character);
  }
  return unused;
}

function badMarks(name: string): Error {
  return inputError(
    'template-generation-marks',
    `${name}: what its {% generation %} blocks enclose cannot be told from the rendered text.`,
    'Remove the {% generation %} tags; assistant turns are then found without them.',
  );
}
