import path from 'node:path';
import { readSmallText } from '../data/byteSource';
import { dataLimits } from '../data/limits';
import { inputError } from '../protocol/errors';
import type { QuerySource } from '../protocol/influence';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';
import type { CommandContext } from './commandContext';
import type { QueryFlags } from './commands/trace';

/** Queries from flags, from the named file, or from the workspace's. */
export async function resolveQueries(flags: QueryFlags, { workspace }: CommandContext): Promise<QuerySource> {
  const inline = await inlineFields(flags);
  if (inline !== undefined) return inlineSource(inline, flags);
  const named = flags.query ?? workspace?.queries;
  if (named === undefined)
    throw inputError(
      'query-not-named',
      'No behaviour is named, and whence.json names no queries.',
      'Give --prompt with --completion or --answer, or --query with a file.',
    );
  const file = path.resolve(named);
  const label = path.relative('.', file) || file;
  return { kind: 'file', file: { label, path: file, schema: undefined }, ids: flags.id ?? [] };
}

async function inlineFields(flags: QueryFlags): Promise<JsonObject | undefined> {
  const { prompt, messages } = flags;
  if (prompt === undefined && messages === undefined) return undefined;
  if (prompt !== undefined && messages !== undefined)
    throw inputError('prompt-twice', '--prompt and --messages both name a prompt.', 'Give one of them.');
  if (flags.query !== undefined)
    throw inputError('query-twice', '--query names a file, and a prompt is given too.', 'Give one of them.');
  if (prompt !== undefined) return { prompt };
  const text = await readSmallText(messages!, dataLimits);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw inputError('messages-not-json', `${messages} is not JSON.`, 'Give a list of turns.', { cause });
  }
  const turns = isJsonObject(value) ? value.messages : value;
  if (!Array.isArray(turns))
    throw inputError('messages-not-a-list', `${messages} holds no list of turns.`, 'Give a list of turns.');
  return { messages: turns };
}

function inlineSource(fields: JsonObject, flags: QueryFlags): QuerySource {
  const { completion, rejected, measurement, answer, maxTokens } = flags;
  const extra = {
    id: 'query',
    ...(rejected === undefined ? {} : { rejected }),
    ...(measurement === undefined ? {} : { measurement }),
  };
  if (answer) {
    if (completion !== undefined)
      throw inputError('completion-twice', '--answer asks the model for its completion.', 'Leave out --completion.');
    return { kind: 'answer', prompts: [{ ...fields, ...extra }], maxTokens };
  }
  if (completion === undefined && fields.prompt !== undefined)
    throw inputError(
      'completion-missing',
      'The prompt has no completion.',
      'Give --completion, or --answer to trace what the model answers.',
    );
  return { kind: 'inline', queries: [{ ...fields, ...extra, ...(completion === undefined ? {} : { completion }) }] };
}
