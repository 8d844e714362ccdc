import { getLocation } from 'jsonc-parser';
import { type Hover, MarkupKind } from 'vscode-languageserver-types';
import { own } from '../../../data/own';
import type { ServerTexts } from '../../../protocol/display/serverText';
import type { JsonValue } from '../../../protocol/json';
import { escapeMarkdown } from '../renderRow';
import { type ConfigKind, isSane, schemasAt } from './configText';

/** What a key of a configuration file means, which values it takes and what holds without it. */
export function provideConfigHover(
  kind: ConfigKind,
  text: string,
  offset: number,
  { say, translate }: ServerTexts,
): Hover | null {
  if (!isSane(text)) return null;
  const { path } = getLocation(text, offset);
  const place = path.filter((part) => part !== '');
  if (place.length === 0) return null;
  const found = schemasAt(kind, place);
  const described = found.find((schema) => own(schema, 'description') !== undefined);
  const choices = found.flatMap((schema) => {
    const list = own(schema, 'enum');
    const constant = own(schema, 'const');
    return [...(Array.isArray(list) ? (list as JsonValue[]) : []), ...(constant === undefined ? [] : [constant])];
  });
  const standard = found.map((schema) => own(schema, 'default')).find((value) => value !== undefined);
  const parts: string[] = [];
  if (described !== undefined) parts.push(escapeMarkdown(translate(String(own(described, 'description')))));
  if (choices.length > 0)
    parts.push(say('config.oneOf', { choices: choices.map((choice) => `\`${JSON.stringify(choice)}\``).join(', ') }));
  if (standard !== undefined) parts.push(say('config.default', { value: `\`${JSON.stringify(standard)}\`` }));
  if (parts.length === 0) return null;
  const name = place.map((part) => (typeof part === 'number' ? '[ ]' : part)).join('.');
  return { contents: { kind: MarkupKind.Markdown, value: [`**${escapeMarkdown(name)}**`, ...parts].join('\n\n') } };
}
