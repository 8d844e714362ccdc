import path from 'node:path';
import { type ParseError, parse } from 'jsonc-parser';
import * as vscode from 'vscode';

/** What whence.json says, read without any process. */
export interface WorkspaceGlance {
  readonly uri: vscode.Uri;
  readonly model: string | null;
  readonly device: string;
  readonly data: readonly string[];
  /** The data files that it names. */
  readonly files: readonly vscode.Uri[];
  /** Whether gradients of rows were kept before. */
  readonly index: 'there' | 'none';
  /** `broken`: the file is no JSON; the server tells what is wrong with it. */
  readonly state: 'read' | 'broken';
}

/** The whence.json of the first folder that has one; undefined: there is none. */
export async function readWorkspaceFile(): Promise<WorkspaceGlance | undefined> {
  for (const { uri: folder } of vscode.workspace.workspaceFolders ?? []) {
    const uri = vscode.Uri.joinPath(folder, 'whence.json');
    const text = await readText(uri);
    if (text === undefined) continue;
    const problems: ParseError[] = [];
    const value: unknown = parse(text, problems, { allowTrailingComma: true });
    const defaults = memberOf(value, 'defaults');
    const device = memberOf(value, 'device');
    const model = memberOf(defaults, 'model');
    const data = memberOf(defaults, 'data');
    return {
      uri,
      model: typeof model === 'string' ? model : null,
      device: typeof device === 'string' ? device : 'auto',
      data: Array.isArray(data) ? data.filter((name) => typeof name === 'string') : [],
      files: namedFiles(folder, memberOf(value, 'data')),
      index: await indexState(vscode.Uri.joinPath(folder, '.whence', 'index')),
      state: problems.length === 0 ? 'read' : 'broken',
    };
  }
  return undefined;
}

/** Each entry is a path, or an object that holds one; relative ones start at the folder. */
function namedFiles(folder: vscode.Uri, data: unknown): readonly vscode.Uri[] {
  if (typeof data !== 'object' || data === null) return [];
  return Object.values(data)
    .map((entry: unknown) => (typeof entry === 'string' ? entry : memberOf(entry, 'path')))
    .filter((file) => typeof file === 'string')
    .map((file) => vscode.Uri.file(path.resolve(folder.fsPath, file)));
}

async function readText(uri: vscode.Uri): Promise<string | undefined> {
  try {
    return Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
  } catch {
    // A folder without whence.json is an ordinary one.
    return undefined;
  }
}

async function indexState(uri: vscode.Uri): Promise<WorkspaceGlance['index']> {
  try {
    return (await vscode.workspace.fs.readDirectory(uri)).length > 0 ? 'there' : 'none';
  } catch {
    // No store yet.
    return 'none';
  }
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}
