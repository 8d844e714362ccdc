import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../protocol/errors';
import { readSmallText } from '../byteSource';
import {
  type ConfigProblem,
  type ConfigText,
  nearest,
  type Place,
  parseConfigText,
  problemAtPlace,
  schemaProblems,
  showPlace,
} from '../config/check';
import type { DataLimits } from '../limits';
import {
  lenientWorkspaceShape,
  strictWorkspaceShape,
  type Workspace,
  type WorkspaceData,
  type WorkspaceFile,
  type WorkspaceModel,
  workspaceDefaults,
  workspaceFileName,
  workspaceKeysAt,
} from './schema';

export interface LoadedWorkspace {
  /** undefined where there is no whence.json, or none that can be understood. */
  readonly workspace: Workspace | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** Finds whence.json in the folder or the nearest one above it, and reads it. Defects are problems, never exceptions. */
export async function loadWorkspace(startFolder: string, limits: DataLimits): Promise<LoadedWorkspace> {
  const file = await findWorkspaceFile(startFolder);
  if (file === undefined) return { workspace: undefined, problems: [] };
  try {
    return await checkWorkspace(parseConfigText(file, await readSmallText(file, limits)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, next } = error;
    const problem: ConfigProblem = { file, line: 1, column: 1, severity: 'error', code, message, next };
    return { workspace: undefined, problems: [problem] };
  }
}

async function findWorkspaceFile(startFolder: string): Promise<string | undefined> {
  for (let folder = path.resolve(startFolder); ; folder = path.dirname(folder)) {
    const file = path.join(folder, workspaceFileName);
    if ((await kindOf(file)) === 'file') return file;
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** A text that is, or is about to be, the whence.json at `file`: paths are looked up from there. */
export function checkWorkspaceText(file: string, text: string): Promise<LoadedWorkspace> {
  return checkWorkspace(parseConfigText(file, text));
}

async function checkWorkspace(config: ConfigText): Promise<LoadedWorkspace> {
  if (config.value === undefined) return { workspace: undefined, problems: config.problems };
  const strict = strictWorkspaceShape.safeParse(config.value);
  const issues = strict.success ? [] : strict.error.issues;
  const problems = schemaProblems(config, issues, workspaceKeysAt);
  const lenient = strict.success ? strict : lenientWorkspaceShape.safeParse(config.value);
  if (!lenient.success) return { workspace: undefined, problems };
  const resolver = new PathResolver(config, problems);
  const workspace = await resolved(lenient.data, config, resolver);
  checkNames(workspace, config, problems);
  return { workspace, problems };
}

async function resolved(file: WorkspaceFile, config: ConfigText, paths: PathResolver): Promise<Workspace> {
  const models = new Map<string, WorkspaceModel>();
  for (const [name, model] of Object.entries(file.models ?? {})) {
    const place = ['models', name];
    models.set(name, {
      path: await paths.resolve(model.path, [...place, 'path'], 'model'),
      adapter: await paths.resolve(model.adapter, [...place, 'adapter'], 'folder'),
      base: model.base,
      run: await paths.resolve(model.run, [...place, 'run'], 'folder'),
      trainedOn: model.trainedOn ?? [],
    });
    if (model.path === undefined && model.adapter === undefined) {
      paths.problem(
        place,
        'error',
        'no-path',
        `${showPlace(place)} has neither path nor adapter.`,
        'Give one of them.',
      );
    }
  }
  const data = new Map<string, WorkspaceData>();
  for (const [name, entry] of Object.entries(file.data ?? {})) {
    const dataPath = await paths.resolve(entry.path, ['data', name, 'path'], 'file');
    if (dataPath === undefined) continue;
    data.set(name, {
      path: dataPath,
      schema: entry.schema,
      fields: entry.fields,
      template: await paths.resolve(entry.template, ['data', name, 'template'], 'file'),
    });
  }
  return {
    file: config.file,
    folder: path.dirname(config.file),
    models,
    data,
    queries: await paths.resolve(file.queries, ['queries'], 'file'),
    behaviours: await paths.resolve(file.behaviours, ['behaviours'], 'file'),
    defaults: {
      model: file.defaults?.model,
      data: file.defaults?.data ?? [],
      method: file.defaults?.method ?? workspaceDefaults.method,
    },
    device: file.device ?? workspaceDefaults.device,
  };
}

type Expected = 'file' | 'folder' | 'model';

/** Resolves paths against the file's folder; a path that cannot be meant is refused, one that is not there reported. */
class PathResolver {
  constructor(
    private readonly config: ConfigText,
    private readonly problems: ConfigProblem[],
  ) {}

  problem(place: Place, severity: ConfigProblem['severity'], code: string, message: string, next: string): void {
    this.problems.push(problemAtPlace(this.config, place, severity, code, message, next));
  }

  async resolve(text: string | undefined, place: Place, expected: Expected): Promise<string | undefined> {
    if (text === undefined) return undefined;
    const refusal = refusedPath(text);
    if (refusal !== undefined) {
      this.problem(place, 'error', 'bad-path', `${showPlace(place)} ${refusal}.`, 'Give a path on this machine.');
      return undefined;
    }
    const absolute = path.resolve(path.dirname(this.config.file), text);
    const kind = await kindOf(absolute);
    if (kind === 'missing') {
      const message = `${showPlace(place)}: ${text} does not exist.`;
      this.problem(place, 'warning', 'path-missing', message, 'Correct the path; it is relative to this file.');
    } else if (kind === 'other' || (expected !== 'model' && kind !== expected)) {
      const wanted = expected === 'model' ? 'a folder or a .gguf file' : `a ${expected}`;
      this.problem(
        place,
        'warning',
        'path-kind',
        `${showPlace(place)}: ${text} is not ${wanted}.`,
        'Correct the path.',
      );
    }
    return absolute;
  }
}

/** What makes a text no path to be followed: opening it could reach out of this machine or mean something else. */
function refusedPath(text: string): string | undefined {
  if (text.includes('\0')) return 'holds a NUL character';
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return 'is a URL; nothing is downloaded';
  if (/^[\\/]{2}/.test(text)) return 'names a network share';
  if (/^~($|[\\/])/.test(text)) return 'begins with ~, which is not expanded';
  return undefined;
}

async function kindOf(absolute: string): Promise<'file' | 'folder' | 'missing' | 'other'> {
  try {
    const facts = await stat(absolute);
    return facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : 'other';
  } catch {
    // Not there or not to be looked at: either way it cannot be used.
    return 'missing';
  }
}

/** Names must lead somewhere, and a chain of bases must end. */
function checkNames(workspace: Workspace, config: ConfigText, problems: ConfigProblem[]): void {
  const modelNames = [...workspace.models.keys()];
  const dataNames = [...workspace.data.keys()];
  const known = (place: Place, name: string, kind: 'model' | 'data', names: readonly string[]) => {
    if (names.includes(name)) return;
    const near = nearest(name, names);
    const message = `${showPlace(place)}: there is no ${kind} called "${name}".`;
    const next = near === undefined ? `Name one of ${names.join(', ') || '(none)'}.` : `Did you mean "${near}"?`;
    problems.push(problemAtPlace(config, place, 'error', 'unknown-name', message, next));
  };
  for (const [name, model] of workspace.models) {
    for (const [index, data] of model.trainedOn.entries()) {
      known(['models', name, 'trainedOn', index], data, 'data', dataNames);
    }
    if (model.base === undefined) continue;
    const place = ['models', name, 'base'];
    known(place, model.base, 'model', modelNames);
    const seen = new Set([name]);
    for (let next: string | undefined = model.base; next !== undefined; next = workspace.models.get(next)?.base) {
      if (!seen.has(next)) {
        seen.add(next);
        continue;
      }
      const message = `${showPlace(place)}: the bases go round in a circle.`;
      problems.push(problemAtPlace(config, place, 'error', 'base-circle', message, 'Name the model it came from.'));
      break;
    }
  }
  if (workspace.defaults.model !== undefined) {
    known(['defaults', 'model'], workspace.defaults.model, 'model', modelNames);
  }
  for (const [index, name] of workspace.defaults.data.entries()) {
    known(['defaults', 'data', index], name, 'data', dataNames);
  }
}
