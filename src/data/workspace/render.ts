import type { WorkspaceFile } from './schema';

/** A workspace file as text, with a comment at each part for whoever opens it first. */
export function renderWorkspace(file: WorkspaceFile): string {
  const parts: string[] = [];
  if (file.$schema !== undefined) parts.push(`  "$schema": ${JSON.stringify(file.$schema)}`);
  parts.push(
    part(
      'Name -> checkpoint. Paths are relative to this file; "adapter" is a PEFT folder, "run" a recorded run.',
      'models',
      file.models ?? {},
    ),
    part('Name -> data file. The schema is detected; "schema" and "fields" state it.', 'data', file.data ?? {}),
  );
  if (file.queries !== undefined) parts.push(line('Behaviours to trace.', 'queries', file.queries));
  if (file.behaviours !== undefined) parts.push(line('Behaviour tests.', 'behaviours', file.behaviours));
  if (file.defaults !== undefined)
    parts.push(line('What commands use where nothing is said.', 'defaults', file.defaults));
  if (file.device !== undefined) parts.push(line('auto, cpu, webgpu, cuda, dml or coreml.', 'device', file.device));
  return `{\n${parts.join(',\n')}\n}\n`;
}

/** An object with one entry a line. */
function part(comment: string, key: string, entries: object): string {
  const lines = Object.entries(entries).map(([name, value]) => `    ${JSON.stringify(name)}: ${spaced(value)}`);
  const body = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`;
  return `  // ${comment}\n  ${JSON.stringify(key)}: ${body}`;
}

function line(comment: string, key: string, value: unknown): string {
  return `  // ${comment}\n  ${JSON.stringify(key)}: ${spaced(value)}`;
}

/** JSON on one line with spaces, as people write it. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${spaced(item)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
