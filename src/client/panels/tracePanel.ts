import * as vscode from 'vscode';
import type { EditorNotifications } from '../../protocol/editor';
import type { ActiveFinding, TraceRecord, TraceSummary } from '../../protocol/editorFindings';
import type { ExportFormat, PanelRow, PanelState, TraceAction, TraceSnapshot } from '../../protocol/panels';
import { runJob } from '../commands/runJob';
import type { Context, ReadyContext } from '../context';
import { applyActEdit } from './applyActEdit';
import { boundRecord, mostPanelRows } from './boundRecord';
import { createSinglePanel } from './createSinglePanel';
import { rowPlaces, showRow } from './rowPlace';

/** The Trace panel: one of them, about one trace at a time. */
export interface TracePanel {
  /** Opens it, or brings it forward. @param trace null: the trace beside the rows, or the newest */
  open(trace: string | null): Promise<void>;
  restore(panel: vscode.WebviewPanel, state: PanelState | null): Promise<void>;
}

export interface TracePanelDoors {
  /** Opens the Verify panel. */
  verify(trace: string, query: number): Promise<void>;
}

export function createTracePanel(context: Context, doors: TracePanelDoors): TracePanel {
  let record: TraceRecord | null = null;
  let traces: readonly TraceSummary[] = [];
  let active: ActiveFinding | null = null;
  let problem: string | null = null;

  const ready = async (): Promise<ReadyContext> => ({ ...context, language: await context.server() });

  const load = async (wanted: string | null): Promise<void> => {
    const { language } = await ready();
    traces = await language.request('whence/traces', null);
    const findings = await language.request('whence/findings', { order: 'cause', rows: 'aboveNull' });
    active = findings?.active ?? null;
    const newest = [...traces].sort((a, b) => b.when - a.when)[0]?.id;
    const id = wanted ?? active?.trace ?? newest;
    record = id === undefined ? null : await language.request('whence/trace', { id });
    panel.changed();
  };

  const follow = (change: EditorNotifications['whence/findingsChanged']): void => {
    active = change.active;
    panel.changed();
  };

  const quarantine = async (shown: TraceRecord, query: number, rows: readonly PanelRow[]): Promise<void> => {
    const prompt = shown.documents[0]?.queries[query]?.prompt ?? shown.title;
    const reason = await vscode.window.showInputBox({
      title: vscode.l10n.t('Quarantine {0} rows', rows.length),
      prompt: vscode.l10n.t('Why? The reason is kept beside the rows. Undo brings them back.'),
      value: vscode.l10n.t('traced to: {0}', prompt.slice(0, 120)),
    });
    if (reason === undefined) return;
    const now = await ready();
    const places = await rowPlaces(shown, rows, now);
    const edit = await now.language.request('whence/act', { kind: 'quarantine', rows: places, reason });
    await applyActEdit(edit);
    void vscode.window.setStatusBarMessage(edit.summary, 5000);
  };

  const act = async (action: TraceAction): Promise<void> => {
    if (action.kind === 'showTrace') return load(action.trace);
    if (record === null) throw new Error(vscode.l10n.t('There is no trace any more. Trace the behaviour again.'));
    const now = await ready();
    switch (action.kind) {
      case 'openRow': {
        const [place] = await rowPlaces(record, [action.row], now);
        if (place !== undefined) await showRow(place);
        return;
      }
      case 'activate':
        active = { trace: record.id, query: action.query, method: action.method };
        await now.language.request('whence/activate', active);
        return;
      case 'verify':
        return doors.verify(record.id, action.query);
      case 'quarantine':
        return quarantine(record, action.query, action.rows);
      case 'rankAlways':
        await runJob({ kind: 'retrace', trace: record.id, methods: [], rank: 'always' }, now);
        return;
      case 'export':
        return exportTrace(record, action.format, now);
    }
  };

  const panel = createSinglePanel<'trace', string | null>(
    {
      kind: 'trace',
      column: vscode.ViewColumn.Beside,
      hears: 'whileOpen',
      listen: (language) => [
        language.onNotification('whence/findingsChanged', (change) => follow(change)),
        language.onNotification('whence/jobChanged', ({ kind, state }) => {
          if ((kind === 'trace' || kind === 'retrace') && state === 'done') void load(record?.id ?? null);
        }),
      ],
      load,
      title: () => (record === null ? vscode.l10n.t('Trace') : vscode.l10n.t('Trace: {0}', record.title.slice(0, 40))),
      snapshot: (): TraceSnapshot => ({
        ...(record === null ? { record, omittedRows: 0 } : boundRecord(record, mostPanelRows)),
        traces,
        active,
        place: 'editor',
        problem,
      }),
      act,
      failed: (text) => {
        problem = text;
      },
    },
    context,
  );

  return {
    // Brought forward, it goes on showing what it showed.
    open: (trace) => panel.open(trace ?? (panel.state() === 'open' ? (record?.id ?? null) : null)),
    restore: (restored, state) => panel.restore(restored, state?.trace ?? null),
  };
}

/** Asks where to, and has the file written. */
export async function exportTrace(record: TraceRecord, format: ExportFormat, context: ReadyContext): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = `trace-${record.id.replace(/[^\w-]+/g, '-').slice(0, 40)}.${format}`;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export the trace'),
    filters: { [format.toUpperCase()]: [format] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (target === undefined) return;
  await context.language.request('whence/export', { trace: record.id, format, file: target.fsPath });
  const open = vscode.l10n.t('Open');
  const chosen = await vscode.window.showInformationMessage(vscode.l10n.t('Written: {0}', target.fsPath), open);
  if (chosen === open) await vscode.env.openExternal(target);
}
