import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { waitFor } from '../support/waitFor';
import { childProcessesOf } from './support/childProcesses';
import { activatedExtension, showFile } from './support/whence';

/** What the extension's own work in `activate` may take, in milliseconds. */
const activationBar = 100;

const workbench = typeof process.env.WHENCE_VSCODE === 'string' ? 'desktop' : 'web';

/** Programs of ours that run, by the name of their file. */
const running = (folder: string): string[] =>
  childProcessesOf(path.join(folder, 'dist')).map(
    ({ command }) => /dist\/([\w-]+)\.[cm]?js/.exec(command)?.[1] ?? command,
  );

describe('activation', () => {
  it('happens by itself in a folder with whence.json, and takes less than the bar', async () => {
    const { exports } = await activatedExtension();
    assert.ok(
      exports.activationMilliseconds < activationBar,
      `activation took ${exports.activationMilliseconds.toFixed(1)} ms`,
    );
  });

  it('starts no process', async function () {
    if (process.platform !== 'linux') this.skip();
    const { extensionPath } = await activatedExtension();
    assert.deepEqual(running(extensionPath), []);
  });

  it('every command of the manifest is registered, and every registered one is in the manifest', async () => {
    const { packageJSON } = await activatedExtension();
    const declared: string[] = packageJSON.contributes.commands.map(({ command }: { command: string }) => command);
    const registered = (await vscode.commands.getCommands(true)).filter((id) => id.startsWith('whence.'));
    // VS Code itself registers `<view>.focus` and the like for contributed views.
    const views = Object.values(packageJSON.contributes.views ?? {}).flat() as { id: string }[];
    const own = registered.filter((id) => !views.some((view) => id.startsWith(`${view.id}.`)));
    assert.deepEqual(
      declared.filter((id) => !registered.includes(id)),
      [],
      'declared, not registered',
    );
    const internal = packageJSON.contributes.menus?.commandPalette ?? [];
    assert.deepEqual(
      own.filter(
        (id) => !declared.includes(id) && !internal.some((entry: { command: string }) => entry.command === id),
      ),
      [],
      'registered, not declared',
    );
  });

  it('opening a data file starts the language server, and no engine', async () => {
    const { extensionPath, exports } = await activatedExtension();
    await showFile('data/train.jsonl');
    const state = await waitFor('the state of the workspace', () => exports.context.state());
    assert.equal(state.trust, 'trusted');
    assert.deepEqual(state.problems, []);
    assert.deepEqual(
      state.models.map(({ name }) => name),
      ['base', 'tuned'],
    );
    if (process.platform === 'linux') assert.deepEqual(running(extensionPath), ['server']);
  });

  it('hears of every file that is its own: rows under any name, recipes, and whence.json', async () => {
    const folder = vscode.workspace.workspaceFolders![0]!.uri;
    const write = async (name: string, text: string): Promise<vscode.Uri> => {
      const uri = vscode.Uri.joinPath(folder, name);
      await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
      return uri;
    };
    const bad = [
      [await write('data/more.ndjson', '{"prompt": "a", "completion": "b"}\n{"prompt": \n'), 'bad-json'],
      [await write('lora.recipe.json', '{ "method": "full", "lora": { "r": 4 } }'), 'contradiction'],
    ] as const;
    for (const [uri, code] of bad) {
      await vscode.window.showTextDocument(uri);
      const found = await waitFor(`what is wrong with ${uri.path}`, () => {
        const own = vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'whence');
        return own.length > 0 ? own : undefined;
      });
      assert.ok(
        found.some((one) => one.code === code),
        JSON.stringify(found),
      );
    }
    for (const [uri] of bad) await vscode.workspace.fs.delete(uri);
  });

  it(`runs in the ${workbench} workbench's own extension host`, () => {
    assert.equal(vscode.env.uiKind, workbench === 'web' ? vscode.UIKind.Web : vscode.UIKind.Desktop);
  });
});
