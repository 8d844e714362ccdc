import path from 'node:path';
import type * as vscode from 'vscode';
import { readWorkspaceFile } from './views/readWorkspaceFile';

/** Files of which the server hears, wherever they lie. */
const alwaysHeard = [
  { scheme: 'file', language: 'jsonl' },
  { scheme: 'file', pattern: '**/*.{jsonl,ndjson}' },
  { scheme: 'file', pattern: '**/{whence.json,recipe.json,*.recipe.json}' },
];

/** What the server is asked to hear of: the files above, and the data files that whence.json names when the server starts. */
export async function documentSelector(): Promise<{ scheme: string; language?: string; pattern?: string }[]> {
  const named = (await readWorkspaceFile())?.files ?? [];
  return [...alwaysHeard, ...named.map(({ fsPath }) => ({ scheme: 'file', pattern: literalPattern(fsPath) }))];
}

/** A glob pattern that matches one path alone. */
function literalPattern(file: string): string {
  return file.replaceAll('\\', '/').replaceAll(/[*?{}[\]]/g, '[$&]');
}

/** Whether a document is one for which the server is needed. */
export async function needsServer({ uri, languageId }: vscode.TextDocument): Promise<boolean> {
  if (uri.scheme !== 'file') return false;
  const name = path.basename(uri.fsPath);
  if (languageId === 'jsonl' || name === 'whence.json' || /(?:^|\.)recipe\.json$/.test(name)) return true;
  if (!/\.(?:ndjson|json|csv|tsv|txt|text|md)$/i.test(name)) return false;
  return (await readWorkspaceFile())?.files.some(({ fsPath }) => fsPath === uri.fsPath) ?? false;
}
