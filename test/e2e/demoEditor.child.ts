// `npm run demo:editor`: the extension as it was built, on a copy of the sample, for a person: in the browser, or in a desktop
// VS Code where `WHENCE_VSCODE` names one. Ctrl-C ends it and removes the copy.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { copySample } from './support/copySample';
import { builtExtension } from './support/extensions';
import { startWorkbench } from './support/startWorkbench';
import { developmentFolders, windowAddress } from './support/windowAddress';

const workspace = copySample();
try {
  const desktop = process.env.WHENCE_VSCODE;
  if (desktop === undefined) await showInBrowser();
  else await showOnDesktop(desktop);
} finally {
  await workspace.remove();
}

async function showInBrowser(): Promise<void> {
  const { folder: workspaceFolder } = workspace;
  const options = {
    extension: builtExtension,
    workspaceFolder,
    settings: {},
    trust: 'trusted',
    environment: {},
  } as const;
  const workbench = await startWorkbench(options);
  try {
    const openFile = path.join(workspaceFolder, 'data', 'train.jsonl');
    const address = windowAddress(workbench, { developmentFolders: developmentFolders(workbench), openFile });
    process.stdout.write(
      `Open this address in a browser; press Ctrl-C here to end it.\n\n${address}\n\nThen try "Whence: Ask the Model", or "Whence: Trace…", from the command palette (F1).\n`,
    );
    await once(process, 'SIGINT');
  } finally {
    await workbench.close();
  }
}

async function showOnDesktop(executable: string): Promise<void> {
  const parts = [`--extensionDevelopmentPath=${path.resolve('.')}`, '--new-window', '--wait', workspace.folder];
  const child = spawn(executable, parts, { stdio: 'inherit' });
  await once(child, 'exit');
}
