import * as vscode from 'vscode';
import { type CommandId, commandIds } from '../protocol/commandIds';
import {
  clearVerdict,
  downWeight,
  findNearDuplicates,
  markNotRelevant,
  markRelevant,
  quarantine,
  quarantineTop,
  restoreRow,
} from './commands/acts';
import { editRow } from './commands/actsEditRow';
import { chooseMethod, chooseQuery, chooseTrace, clearFindings } from './commands/chooseTrace';
import {
  clearFilter,
  filterFindings,
  orderByCause,
  orderByKind,
  showAllRows,
  showRowsAboveNull,
} from './commands/findingsChoices';
import { openSample, openWalkthrough } from './commands/guide';
import { cancelJob, clearJobs, indexRows, openJobResult, resumeJob, runBehaviours } from './commands/jobs';
import { chooseAnalyses, choosePreset, toggleMarks } from './commands/marks';
import { keepLabel, probe, toggleProbeMarks } from './commands/probe';
import { pruneApply, prunePropose, pruneUndo, togglePruningMarks } from './commands/prune';
import { setUpWorkspace } from './commands/setUpWorkspace';
import { showMenu } from './commands/showMenu';
import { nextRow, previousRow, showRow } from './commands/showRow';
import { rankAnyway, retrace, trace, traceQuery, traceSelection } from './commands/trace';
import { traceFailure } from './commands/traceFailure';
import type { Context, ReadyContext } from './context';
import {
  exportReport,
  showAskPanel,
  showProbingPanel,
  showPruningPanel,
  showTracePanel,
  showVerifyPanel,
} from './panels/panels';
import { computeLosses, peekRow, showDossier } from './peek/rowDocuments';
import { ServerFailure } from './serverFailure';

/** A command, and whether it needs the language server. */
export type Command =
  | { readonly needs: 'nothing'; run(context: Context, ...args: readonly unknown[]): unknown }
  | { readonly needs: 'server'; run(context: ReadyContext, ...args: readonly unknown[]): unknown };

/** Every command: one line each, and one that is missing does not compile. */
const commandTable: { readonly [Id in CommandId]: Command } = {
  'whence.trace': { needs: 'server', run: trace },
  'whence.traceQuery': { needs: 'server', run: traceQuery },
  'whence.traceSelection': { needs: 'server', run: traceSelection },
  'whence.traceFailure': { needs: 'server', run: traceFailure },
  'whence.retrace': { needs: 'server', run: retrace },
  'whence.rankAnyway': { needs: 'server', run: rankAnyway },
  'whence.indexRows': { needs: 'server', run: indexRows },
  'whence.showTrace': { needs: 'server', run: chooseTrace },
  'whence.chooseQuery': { needs: 'server', run: chooseQuery },
  'whence.chooseMethod': { needs: 'server', run: chooseMethod },
  'whence.clearFindings': { needs: 'server', run: clearFindings },
  'whence.showRow': { needs: 'nothing', run: showRow },
  'whence.nextRow': { needs: 'nothing', run: nextRow },
  'whence.previousRow': { needs: 'nothing', run: previousRow },
  'whence.orderByCause': { needs: 'nothing', run: orderByCause },
  'whence.orderByKind': { needs: 'nothing', run: orderByKind },
  'whence.showAllRows': { needs: 'nothing', run: showAllRows },
  'whence.showRowsAboveNull': { needs: 'nothing', run: showRowsAboveNull },
  'whence.filterFindings': { needs: 'nothing', run: filterFindings },
  'whence.clearFilter': { needs: 'nothing', run: clearFilter },
  'whence.quarantine': { needs: 'server', run: quarantine },
  'whence.quarantineTop': { needs: 'server', run: quarantineTop },
  'whence.downWeight': { needs: 'server', run: downWeight },
  'whence.restoreRow': { needs: 'server', run: restoreRow },
  'whence.editRow': { needs: 'server', run: editRow },
  'whence.findNearDuplicates': { needs: 'server', run: findNearDuplicates },
  'whence.peekRow': { needs: 'server', run: peekRow },
  'whence.showDossier': { needs: 'server', run: showDossier },
  'whence.computeLosses': { needs: 'server', run: computeLosses },
  'whence.markRelevant': { needs: 'server', run: markRelevant },
  'whence.markNotRelevant': { needs: 'server', run: markNotRelevant },
  'whence.clearVerdict': { needs: 'server', run: clearVerdict },
  'whence.ask': { needs: 'server', run: showAskPanel },
  'whence.showTracePanel': { needs: 'server', run: showTracePanel },
  'whence.verify': { needs: 'server', run: showVerifyPanel },
  'whence.exportReport': { needs: 'server', run: exportReport },
  'whence.probe': { needs: 'server', run: probe },
  'whence.showProbingPanel': { needs: 'server', run: showProbingPanel },
  'whence.toggleProbeMarks': { needs: 'server', run: toggleProbeMarks },
  'whence.keepLabel': { needs: 'server', run: keepLabel },
  'whence.prunePropose': { needs: 'server', run: prunePropose },
  'whence.showPruningPanel': { needs: 'server', run: showPruningPanel },
  'whence.togglePruningMarks': { needs: 'server', run: togglePruningMarks },
  'whence.pruneApply': { needs: 'server', run: pruneApply },
  'whence.pruneUndo': { needs: 'server', run: pruneUndo },
  'whence.toggleMarks': { needs: 'nothing', run: toggleMarks },
  'whence.choosePreset': { needs: 'nothing', run: choosePreset },
  'whence.chooseAnalyses': { needs: 'nothing', run: chooseAnalyses },
  'whence.cancelJob': { needs: 'server', run: cancelJob },
  'whence.resumeJob': { needs: 'server', run: resumeJob },
  'whence.repeatJob': { needs: 'server', run: resumeJob },
  'whence.openJobResult': { needs: 'server', run: openJobResult },
  'whence.clearJobs': { needs: 'nothing', run: clearJobs },
  'whence.runBehaviours': { needs: 'server', run: runBehaviours },
  'whence.setUpWorkspace': { needs: 'server', run: setUpWorkspace },
  'whence.openSample': { needs: 'nothing', run: openSample },
  'whence.openWalkthrough': { needs: 'nothing', run: openWalkthrough },
  'whence.showMenu': { needs: 'nothing', run: showMenu },
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

async function showFailure(error: unknown, { output, settings }: Context): Promise<void> {
  if (error instanceof vscode.CancellationError) return;
  const show = vscode.l10n.t('Show Log');
  const text = error instanceof Error ? error.message : String(error);
  output.error(error instanceof Error ? (error.stack ?? text) : text);
  if (settings().notifications === 'none') return;
  const buttons = error instanceof ServerFailure ? [] : [show];
  if ((await vscode.window.showErrorMessage(text, ...buttons)) === show) output.show();
}
