import { z } from 'zod';
import type { JsonValue } from '../../protocol/json';
import type { KeysAt } from '../config/check';
import { type SchemaName, schemaNames } from '../types';

/** The name that every command looks for, upward from the working folder. */
export const workspaceFileName = 'whence.json';

export const devices = ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;

/** Every default of a workspace file. */
export const workspaceDefaults = { method: 'auto', device: 'auto' } as const;

/** `strict` refuses unknown keys; `lenient` reads past them, once they were reported. */
export type Strictness = 'strict' | 'lenient';

const pathText = z.string().min(1).max(4096);
const name = z.string().min(1).max(200);
const names = z.array(name).max(1000);

function shapes(strictness: Strictness) {
  const object = strictness === 'strict' ? z.strictObject : z.object;
  const model = object({
    path: pathText
      .optional()
      .describe('Hugging Face folder or .gguf file; may be left out where an adapter names its base.'),
    adapter: pathText.optional().describe('PEFT adapter folder.'),
    base: name.optional().describe('Name of the model it came from.'),
    run: pathText.optional().describe('Folder of the recorded run (whence-run).'),
    trainedOn: names.optional().describe('Names of the data it was trained on.'),
  });
  const data = object({
    path: pathText.describe('Data file.'),
    schema: z.enum(schemaNames).optional().describe('Default: detected.'),
    fields: z.record(name, name).optional().describe('What a field is for -> its name in the file. Default: detected.'),
    template: pathText.optional().describe('Chat template file (Jinja). Default: the one of the model.'),
  });
  const defaults = object({
    model: name.optional(),
    data: names.optional(),
    method: name.optional().describe(`Attribution method. Default: ${workspaceDefaults.method}.`),
  });
  const file = object({
    $schema: z.string().optional(),
    models: z.record(name, model).optional().describe('Name -> checkpoint; paths are relative to this file.'),
    data: z.record(name, data).optional().describe('Name -> data file.'),
    queries: pathText.optional().describe('Behaviours to trace.'),
    behaviours: pathText.optional().describe('Behaviour tests.'),
    defaults: defaults.optional().describe('What commands use where nothing is said.'),
    device: z.enum(devices).optional().describe(`Where to compute. Default: ${workspaceDefaults.device}.`),
  });
  return { model, data, defaults, file };
}

const strict = shapes('strict');

export const strictWorkspaceShape = strict.file;
export const lenientWorkspaceShape = shapes('lenient').file;

/** A workspace file as it is written. */
export type WorkspaceFile = z.output<typeof strictWorkspaceShape>;

export const workspaceKeysAt: KeysAt = (place) => {
  if (place.length === 0) return Object.keys(strict.file.shape);
  if (place[0] === 'models') return Object.keys(strict.model.shape);
  if (place[0] === 'data') return Object.keys(strict.data.shape);
  return Object.keys(strict.defaults.shape);
};

/** The JSON schema of whence.json, for editors. */
export function workspaceJsonSchema(): JsonValue {
  return z.toJSONSchema(strictWorkspaceShape, { io: 'input' }) as unknown as JsonValue;
}

export interface WorkspaceModel {
  /** Absolute; undefined where the adapter names its base itself. */
  readonly path: string | undefined;
  readonly adapter: string | undefined;
  /** Name of another model of the workspace. */
  readonly base: string | undefined;
  readonly run: string | undefined;
  readonly trainedOn: readonly string[];
}

export interface WorkspaceData {
  /** Absolute. */
  readonly path: string;
  /** undefined: to be detected. */
  readonly schema: SchemaName | undefined;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly template: string | undefined;
}

/** A workspace file, checked, with absolute paths and every default. */
export interface Workspace {
  /** Absolute path of whence.json, and its folder. */
  readonly file: string;
  readonly folder: string;
  readonly models: ReadonlyMap<string, WorkspaceModel>;
  readonly data: ReadonlyMap<string, WorkspaceData>;
  readonly queries: string | undefined;
  readonly behaviours: string | undefined;
  readonly defaults: { readonly model: string | undefined; readonly data: readonly string[]; readonly method: string };
  readonly device: (typeof devices)[number];
}
