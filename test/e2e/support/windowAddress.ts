import path from 'node:path';
import type { Workbench } from './startWorkbench';

export interface WindowParts {
  /** Absolute paths of extensions that are loaded from their folders. */
  readonly developmentFolders: readonly string[];
  /** Absolute path of the module whose `run()` is called in the extension host. */
  readonly testsModule?: string;
  /** Variables of the extension host. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Absolute path of a file that is shown. */
  readonly openFile?: string;
}

/** The address that opens a window of the workbench on its workspace folder. */
export function windowAddress(workbench: Workbench, parts: WindowParts): string {
  const remote = (file: string) =>
    `vscode-remote://127.0.0.1:${workbench.port}${path.resolve(file).split(path.sep).map(encodeURIComponent).join('/')}`;
  const payload: [string, string][] = parts.developmentFolders.map((folder) => [
    'extensionDevelopmentPath',
    remote(folder),
  ]);
  if (parts.testsModule !== undefined) payload.push(['extensionTestsPath', remote(parts.testsModule)]);
  if (parts.environment !== undefined) payload.push(['extensionEnvironment', JSON.stringify(parts.environment)]);
  if (parts.openFile !== undefined) payload.push(['openFile', remote(parts.openFile)]);
  payload.push(['skipWelcome', 'true'], ['skipReleaseNotes', 'true']);
  const query = new URLSearchParams({
    folder: workbench.options.workspaceFolder,
    payload: JSON.stringify(payload),
  });
  return `${workbench.url}/?${query}`;
}

/** Folders that a window loads extensions from: a package is installed instead. */
export function developmentFolders(workbench: Workbench): string[] {
  const { extension } = workbench.options;
  return extension.kind === 'folder' ? [extension.path] : [];
}
