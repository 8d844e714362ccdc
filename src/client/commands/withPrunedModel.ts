import path from 'node:path';
import { type JSONPath, modify, parse } from 'jsonc-parser';

const formattingOptions = { insertSpaces: true, tabSize: 2, eol: '\n' };

/** The text of whence.json with one more model, comments and all; its name is free there. @param place relative to it */
export function withPrunedModel(
  text: string,
  of: string,
  place: string,
  form: 'adapter' | 'model',
): { readonly name: string; readonly text: string } {
  const value: unknown = parse(text, [], { allowTrailingComma: true });
  const models = memberOf(value, 'models') ?? {};
  // A run belongs to the original: nobody trained the pruned one.
  const { run: _, ...original } = (memberOf(models, of) ?? {}) as Readonly<Record<string, unknown>>;
  const { adapter: __, ...withoutAdapter } = original;
  const found = form === 'adapter' ? { ...original, adapter: place } : { ...withoutAdapter, path: place };
  let name = path.posix.basename(place);
  for (let n = 2; memberOf(models, name) !== undefined; n++) name = `${path.posix.basename(place)}-${n}`;
  const at: JSONPath = ['models', name];
  const edits = modify(text, at, found, { formattingOptions });
  const changed = [...edits]
    .sort((a, b) => b.offset - a.offset)
    .reduce((now, { offset, length, content }) => now.slice(0, offset) + content + now.slice(offset + length), text);
  return { name, text: changed };
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}
