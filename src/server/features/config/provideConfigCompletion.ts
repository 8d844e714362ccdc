import { getLocation, type Location, type Node, parseTree } from 'jsonc-parser';
import { type CompletionItem, CompletionItemKind, InsertTextFormat, type Range } from 'vscode-languageserver-types';
import { own } from '../../../data/own';
import type { ServerTexts } from '../../../protocol/display/serverText';
import type { JsonObject, JsonValue } from '../../../protocol/json';
import { type JsonPlace, JsonPlaces } from '../../documents/jsonPlaces';
import { LineText } from '../../documents/lineText';
import { type ConfigKind, isSane, objectAt, schemasAt } from './configText';

/** Names in a folder, folders with a `/` at the end; empty where it cannot be listed. */
export type ListFolder = (folder: string) => Promise<readonly string[]>;

const mostItems = 200;

/** Keys, values, names of the file and paths beside it. @param snippets whether the editor places the cursor in what it inserts */
export async function provideConfigCompletion(
  kind: ConfigKind,
  text: string,
  offset: number,
  listFolder: ListFolder,
  snippets: 'supported' | 'none',
  { translate }: Pick<ServerTexts, 'translate'>,
): Promise<CompletionItem[]> {
  if (!isSane(text)) return [];
  const location = getLocation(text, offset);
  const lines = new LineText(text);
  const previous = location.previousNode;
  const [begin, end] =
    previous === undefined ? wordAround(text, offset) : [previous.offset, previous.offset + previous.length];
  const range: Range = { start: lines.positionAt(begin), end: lines.positionAt(end) };
  if (location.isAtPropertyKey) return keyItems(kind, text, location, range, end, snippets, translate);
  const typed = text.slice(begin, offset).replace(/^"/, '');
  const names = namesAt(kind, text, location.path);
  const values = names ?? choicesAt(kind, location.path);
  if (values.length === 0 && isPath(kind, location.path)) return pathItems(typed, range, listFolder);
  return values
    .slice(0, mostItems)
    .map((value) => item(shownValue(value), JSON.stringify(value), CompletionItemKind.Value, range, undefined));
}

function keyItems(
  kind: ConfigKind,
  text: string,
  location: Location,
  range: Range,
  end: number,
  snippets: 'supported' | 'none',
  translate: ServerTexts['translate'],
): CompletionItem[] {
  const place = location.path.slice(0, -1);
  const present = new Set(keysOf(text, place));
  const typed = location.previousNode?.value as JsonValue | undefined;
  const hasColon = /^\s*:/.test(text.slice(end, end + 100));
  return schemasAt(kind, place).flatMap((schema) =>
    Object.entries(objectAt(schema, 'properties'))
      .filter(([key]) => key === typed || !present.has(key))
      .map(([key, shape]) => {
        const quoted = JSON.stringify(key);
        const description = own(shape as JsonObject, 'description');
        const documentation = description === undefined ? undefined : translate(String(description));
        const made = (newText: string) => ({
          ...item(key, newText, CompletionItemKind.Property, range, documentation),
          filterText: quoted,
        });
        if (hasColon) return made(quoted);
        if (snippets === 'none') return made(`${quoted}: `);
        const snippet = `${snippetText(quoted)}: ${emptyValue(shape as JsonObject)}`;
        return { ...made(snippet), insertTextFormat: InsertTextFormat.Snippet };
      }),
  );
}

function emptyValue(shape: JsonObject): string {
  const type = own(shape, 'type');
  if (type === 'object') return '{ $1 }';
  if (type === 'array') return '[$1]';
  return type === 'string' && own(shape, 'enum') === undefined ? '"$1"' : '$1';
}

/** Dollar signs and braces mean something in snippets. */
function snippetText(text: string): string {
  return text.replace(/[$}\\]/g, '\\$&');
}

/** Names that the file itself gives; undefined: the place takes no names. */
function namesAt(kind: ConfigKind, text: string, path: JsonPlace): readonly string[] | undefined {
  if (kind !== 'workspaceFile') return undefined;
  const [first, second, third] = path;
  if ((first === 'models' && third === 'base') || (first === 'defaults' && second === 'model')) {
    return keysOf(text, ['models']).filter((name) => name !== (first === 'models' ? second : undefined));
  }
  if ((first === 'models' && third === 'trainedOn') || (first === 'defaults' && second === 'data')) {
    return keysOf(text, ['data']);
  }
  return undefined;
}

function choicesAt(kind: ConfigKind, path: JsonPlace): readonly JsonValue[] {
  const found = schemasAt(kind, path).flatMap((schema) => {
    const list = own(schema, 'enum');
    const constant = own(schema, 'const');
    const type = own(schema, 'type');
    if (Array.isArray(list)) return list as readonly JsonValue[];
    if (constant !== undefined) return [constant];
    return type === 'boolean' ? [true, false] : [];
  });
  return [...new Set(found)];
}

function isPath(kind: ConfigKind, path: JsonPlace): boolean {
  if (kind !== 'workspaceFile') return false;
  const key = path.at(-1);
  if (path.length === 1) return key === 'queries' || key === 'behaviours';
  return path.length === 3 && ['path', 'adapter', 'run', 'template'].includes(String(key));
}

async function pathItems(typed: string, range: Range, listFolder: ListFolder): Promise<CompletionItem[]> {
  const folder = typed.includes('/') ? typed.slice(0, typed.lastIndexOf('/') + 1) : '';
  const names = await listFolder(folder);
  return names
    .filter((name) => !name.startsWith('.'))
    .slice(0, mostItems)
    .map((name) =>
      item(
        folder + name,
        JSON.stringify(folder + name),
        name.endsWith('/') ? CompletionItemKind.Folder : CompletionItemKind.File,
        range,
        undefined,
      ),
    );
}

function keysOf(text: string, place: JsonPlace): readonly string[] {
  const root: Node | undefined = parseTree(text, [], { allowTrailingComma: true });
  const node = new JsonPlaces(text, root).node(place);
  if (node?.type !== 'object') return [];
  return (node.children ?? []).map(({ children }) => String(children?.[0]?.value));
}

function wordAround(text: string, offset: number): [number, number] {
  const begin = offset - /[\w."/-]*$/.exec(text.slice(Math.max(0, offset - 500), offset))![0].length;
  return [begin, offset];
}

function shownValue(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function item(
  label: string,
  newText: string,
  kind: CompletionItemKind,
  range: Range,
  documentation: string | undefined,
): CompletionItem {
  const base = { label, kind, filterText: newText, textEdit: { range, newText } };
  return documentation === undefined ? base : { ...base, documentation };
}
