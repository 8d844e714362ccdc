import path from 'node:path';
import * as vscode from 'vscode';
import type { AppliedMask } from '../../protocol/panels';

/** What apply writes beside the weights. */
const recordName = 'whence-pruning.json';
/** Folders that are looked at, and bytes of a record. */
const bounds = { folders: 200, bytes: 64 << 20 };

/** Folders of the workspace that apply wrote. A record that cannot be read is left out: it is not one of ours. */
export async function appliedMasks(): Promise<readonly AppliedMask[]> {
  const files = await vscode.workspace.findFiles(
    `**/${recordName}`,
    '**/{node_modules,.git,.whence}/**',
    bounds.folders,
  );
  const found = await Promise.all(files.map(readRecord));
  return found.filter((one) => one !== undefined).sort((a, b) => a.label.localeCompare(b.label));
}

async function readRecord(file: vscode.Uri): Promise<AppliedMask | undefined> {
  try {
    if ((await vscode.workspace.fs.stat(file)).size > bounds.bytes) return undefined;
    const record: unknown = JSON.parse(Buffer.from(await vscode.workspace.fs.readFile(file)).toString('utf8'));
    if (typeof record !== 'object' || record === null) return undefined;
    const { alpha, mask } = record as Readonly<Record<string, unknown>>;
    if (typeof alpha !== 'number' || typeof mask !== 'string') return undefined;
    const folder = path.dirname(file.fsPath);
    return { folder, label: vscode.workspace.asRelativePath(folder, false), alpha, mask };
  } catch (error) {
    // Gone in the meantime, or no JSON: hostile or half-written files are no result.
    if (error instanceof vscode.FileSystemError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
