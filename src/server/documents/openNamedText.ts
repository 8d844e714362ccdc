import { statSync } from 'node:fs';
import path from 'node:path';
import { readSmallText } from '../../data/byteSource';
import { parseConfigText } from '../../data/config/check';
import type { DataLimits } from '../../data/limits';
import { own } from '../../data/own';
import type { Workspace } from '../../data/workspace/schema';
import { UserError } from '../../protocol/errors';
import { isJsonObject, type JsonValue } from '../../protocol/json';
import { openModelText } from '../../text/openModelText';
import type { EncodingContext } from '../../text/types';

/** A model's tokenizer and template under its name in whence.json. */
export interface NamedText {
  readonly model: string;
  readonly context: EncodingContext;
}

/** Tokens of a row where no recorded run says how many were kept. */
const longestRow = 1_048_576;

/**
 * Tokenizer and template of the default model, with the row length of its recorded run. Only for trusted workspaces: a
 * template is a program. Undefined where there is no default model, or its folder holds no tokenizer; `problem` then
 * says why. GGUF files and adapters that name their base themselves are opened by the engine alone.
 */
export async function openNamedText(
  workspace: Workspace,
  limits: DataLimits,
): Promise<{ readonly text: NamedText | undefined; readonly problem: UserError | undefined }> {
  const none = { text: undefined, problem: undefined };
  const name = workspace.defaults.model;
  const model = name === undefined ? undefined : workspace.models.get(name);
  if (name === undefined || model?.path === undefined) return none;
  if (!isFolder(model.path)) return none;
  try {
    const { tokenizer, template } = openModelText(model.path, () => new Date());
    const maxLength = (model.run === undefined ? undefined : await recordedLength(model.run, limits)) ?? longestRow;
    return { text: { model: name, context: { tokenizer, template, maxLength } }, problem: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { text: undefined, problem: error };
  }
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Greatest length of a row in the recorded run; undefined where the record says nothing of it. */
async function recordedLength(runFolder: string, limits: DataLimits): Promise<number | undefined> {
  const file = path.join(runFolder, 'run.json');
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
  const { value } = parseConfigText(file, await readSmallText(file, limits));
  const recipe: JsonValue | undefined = isJsonObject(value) ? own(value, 'recipe') : undefined;
  const length = isJsonObject(recipe) ? own(recipe, 'maxLength') : undefined;
  return typeof length === 'number' && Number.isInteger(length) && length > 0 ? length : undefined;
}
