#!/usr/bin/env node
// Stands in for a desktop VS Code: takes the flags that @vscode/test-electron gives one, and runs the tests in the web
// workbench. Its exit code is that of the tests. What Electron alone has (its ABI, native dialogs) it has not.
import path from 'node:path';
import { runTestsModule } from './runInHost';
import { startWorkbench } from './startWorkbench';

const flags = process.argv.slice(2);
const flag = (name: string): string | undefined =>
  flags.find((entry) => entry.startsWith(`--${name}=`))?.slice(name.length + 3);
const required = (name: string): string => {
  const value = flag(name);
  if (value === undefined) throw new Error(`--${name}= is missing`);
  return value;
};

const workspaceFolder = flags.find((entry) => !entry.startsWith('-'));
if (workspaceFolder === undefined) throw new Error('no folder to open');
const environment = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => entry[0].startsWith('WHENCE_E2E_')),
);
const workbench = await startWorkbench({
  extension: { kind: 'folder', path: required('extensionDevelopmentPath') },
  workspaceFolder: path.resolve(workspaceFolder),
  settings: {},
  trust: flags.includes('--disable-workspace-trust') ? 'trusted' : 'restricted',
  environment: {},
});
const said: string[] = [];
try {
  process.exitCode = await runTestsModule(workbench, {
    testsModule: required('extensionTestsPath'),
    environment,
    hear: (text) => said.push(text),
  });
  if (process.exitCode !== 0) process.stdout.write(`${said.join('\n')}\n`);
} finally {
  await workbench.close();
}
