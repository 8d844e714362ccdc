import type { ServerContext } from '../context';
import type { RowPlace } from '../findings/findingsView';
import { fileLines } from './fileLines';

type PlacesContext = Pick<ServerContext, 'documents' | 'workspace' | 'findings'>;

/** Where traced rows stand now: by content, in each file read once. */
export function rowPlaces(context: PlacesContext): RowPlace {
  const known = new Map<string, ReadonlyMap<string, readonly number[]> | undefined>();
  const linesOf = (uri: string): ReadonlyMap<string, readonly number[]> | undefined => {
    if (!known.has(uri)) known.set(uri, linesByHash(uri, context));
    return known.get(uri);
  };
  return ({ file, hash, line }) => {
    const uri = context.workspace.uriOf(file);
    const lines = linesOf(uri);
    if (lines === undefined) return { uri: null, line: null, state: 'stale' };
    const found = lines.get(hash);
    if (found === undefined) return { uri, line: line === null ? null : line - 1, state: 'stale' };
    const before = (line ?? 1) - 1;
    const nearest = found.reduce((best, at) => (Math.abs(at - before) < Math.abs(best - before) ? at : best));
    return { uri, line: nearest, state: 'current' };
  };
}

function linesByHash(uri: string, context: PlacesContext): ReadonlyMap<string, readonly number[]> | undefined {
  const lines = fileLines(context, uri);
  if (lines === undefined) return undefined;
  const found = new Map<string, number[]>();
  for (let line = 0; line < lines.count; line++) {
    const hash = context.findings.hashOf(lines.text(line));
    if (hash === undefined) continue;
    const same = found.get(hash);
    if (same === undefined) found.set(hash, [line]);
    else same.push(line);
  }
  return found;
}
