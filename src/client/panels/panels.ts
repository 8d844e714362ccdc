import * as vscode from 'vscode';
import { checkPanelState } from '../../protocol/checkPanelMessages';
import type { PanelKind, PanelState } from '../../protocol/panels';
import type { Context, ReadyContext } from '../context';
import { type AskPanel, createAskPanel } from './askPanel';
import { createProbingPanel, type ProbingPanel } from './probingPanel';
import { createPruningPanel, type PruningPanel } from './pruningPanel';
import { createTracePanel, exportTrace, type TracePanel } from './tracePanel';
import { createVerifyPanel, type VerifyPanel } from './verifyPanel';

/** Every panel. */
export interface Panels {
  readonly ask: AskPanel;
  readonly trace: TracePanel;
  readonly verify: VerifyPanel;
  readonly probing: ProbingPanel;
  readonly pruning: PruningPanel;
}

let panels: Panels | undefined;

/** Makes the panels known to the editor, which brings them back after a restart. Nothing is opened or started. */
export function registerPanels(context: Context): void {
  const made: Panels = {
    ask: createAskPanel(context, { showTrace: (trace) => made.trace.open(trace) }),
    trace: createTracePanel(context, { verify: (trace, query) => made.verify.open(trace, query) }),
    probing: createProbingPanel(context),
    pruning: createPruningPanel(context),
    verify: createVerifyPanel(context, { showTrace: (trace) => made.trace.open(trace) }),
  };
  panels = made;
  const restore: {
    readonly [K in PanelKind]: (panel: vscode.WebviewPanel, state: PanelState | null) => Promise<void>;
  } = {
    ask: (panel) => made.ask.restore(panel),
    trace: (panel, state) => made.trace.restore(panel, state),
    verify: (panel, state) => made.verify.restore(panel, state),
    probing: (panel, state) => made.probing.restore(panel, state),
    pruning: (panel, state) => made.pruning.restore(panel, state),
  };
  for (const [kind, bringBack] of Object.entries(restore) as [PanelKind, (typeof restore)[PanelKind]][]) {
    context.extension.subscriptions.push(
      vscode.window.registerWebviewPanelSerializer(`whence.${kind}`, {
        deserializeWebviewPanel: (panel, state) => bringBack(panel, checkPanelState(kind, state)),
      }),
    );
  }
}

function knownPanels(): Panels {
  if (panels === undefined) throw new Error('internal: the panels are not registered');
  return panels;
}

/** *Ask the Model*. */
export async function showAskPanel(): Promise<void> {
  await knownPanels().ask.open();
}

/** *Show Trace Panel*. @param trace id; else the trace beside the rows */
export async function showTracePanel(_context: Context, trace: unknown): Promise<void> {
  await knownPanels().trace.open(typeof trace === 'string' ? trace : null);
}

/** *Show Probing Panel*. @param probe id; else the probe beside the rows */
export async function showProbingPanel(_context: Context, probe: unknown): Promise<void> {
  await knownPanels().probing.open(typeof probe === 'string' ? probe : null);
}

/** *Show Pruning Panel*. @param proposal id; else the one shown last */
export async function showPruningPanel(_context: Context, proposal: unknown): Promise<void> {
  await knownPanels().pruning.open(typeof proposal === 'string' ? proposal : null);
}

/** *Verify*: the behaviour that is shown beside the rows, or the one that is named. */
export async function showVerifyPanel({ language }: ReadyContext, trace: unknown, query: unknown): Promise<void> {
  if (typeof trace === 'string') {
    return knownPanels().verify.open(trace, Number.isSafeInteger(query) ? Number(query) : 0);
  }
  const findings = await language.request('whence/findings', { order: 'cause', rows: 'aboveNull' });
  if (findings === null) throw new Error(nothingTraced());
  await knownPanels().verify.open(findings.active.trace, findings.active.query);
}

/** *Export Report*: the active trace as one HTML file. */
export async function exportReport(context: ReadyContext): Promise<void> {
  const findings = await context.language.request('whence/findings', { order: 'cause', rows: 'aboveNull' });
  const record =
    findings === null ? null : await context.language.request('whence/trace', { id: findings.active.trace });
  if (record === null) throw new Error(nothingTraced());
  await exportTrace(record, 'html', context);
}

function nothingTraced(): string {
  return vscode.l10n.t('Nothing is traced yet. Run “Whence: Trace…” first.');
}
