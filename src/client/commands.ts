import * as vscode from 'vscode';
import { type CommandId, commandIds } from '../protocol/commandIds';
import { cancelJob } from './commands/cancelJob';
import { toggleMarks } from './commands/toggleMarks';
import { trace, traceQuery } from './commands/trace';
import type { Context, ReadyContext } from './context';
import { ServerFailure } from './serverFailure';

/** A command, and whether it needs the language server. */
export type Command =
  | { readonly needs: 'nothing'; run(context: Context, ...args: readonly unknown[]): unknown }
  | { readonly needs: 'server'; run(context: ReadyContext, ...args: readonly unknown[]): unknown };

/** Every command: one line each, and one that is missing does not compile. */
const commandTable: { readonly [Id in CommandId]: Command } = {
  'whence.trace': { needs: 'server', run: trace },
  'whence.traceQuery': { needs: 'server', run: traceQuery },
  'whence.cancelJob': { needs: 'server', run: cancelJob },
  'whence.toggleMarks': { needs: 'nothing', run: toggleMarks },
  'whence.showOutput': { needs: 'nothing', run: ({ output }) => output.show() },
};

/** Registers them all. What a command throws is shown to the user with the next step. */
export function registerCommands(context: Context): void {
  for (const id of commandIds) {
    const command = commandTable[id];
    const run = async (...args: readonly unknown[]): Promise<unknown> => {
      try {
        if (command.needs === 'nothing') return await command.run(context, ...args);
        return await command.run({ ...context, language: await context.server() }, ...args);
      } catch (error) {
        await showFailure(error, context);
        return undefined;
      }
    };
    context.extension.subscriptions.push(vscode.commands.registerCommand(id, run));
  }
}

async function showFailure(error: unknown, { output }: Context): Promise<void> {
  if (error instanceof vscode.CancellationError) return;
  const show = vscode.l10n.t('Show Log');
  const text = error instanceof Error ? error.message : String(error);
  output.error(error instanceof Error ? (error.stack ?? text) : text);
  const buttons = error instanceof ServerFailure ? [] : [show];
  if ((await vscode.window.showErrorMessage(text, ...buttons)) === show) output.show();
}
