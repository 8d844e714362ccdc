import * as vscode from 'vscode';
import type { AnalysisRecord, EditorRequests } from '../../protocol/editor';
import type { JobView } from '../../protocol/editorJobs';
import type { AppliedMask, PanelRow, PanelState, PruningAction, PruningSnapshot } from '../../protocol/panels';
import type { PruningRow } from '../../protocol/pruning';
import { marksAreOn, showAnalysisMarks } from '../commands/analysisMarks';
import type { Context, ReadyContext } from '../context';
import { appliedMasks } from './appliedMasks';
import { createSinglePanel } from './createSinglePanel';
import { showRow } from './rowPlace';

/** The Pruning panel: one of them, about one proposal at a time. */
export interface PruningPanel {
  /** @param proposal id; null: the newest */
  open(proposal: string | null): Promise<void>;
  restore(panel: vscode.WebviewPanel, state: PanelState | null): Promise<void>;
}

type PruningRecord = Extract<AnalysisRecord, { kind: 'pruning' }>;

/** Rows that are sent to the panel at most. */
const mostRows = 300;

const ownJobs: readonly JobView['kind'][] = ['prunePropose', 'pruneApply', 'pruneUndo'];

export function createPruningPanel(context: Context): PruningPanel {
  let record: PruningRecord | null = null;
  let proposals: PruningSnapshot['proposals'] = [];
  /** The one whose marks stand beside the rows. */
  let marked: string | null = null;
  let applied: readonly AppliedMask[] = [];
  let job: JobView | null = null;
  let trust: PruningSnapshot['trust'] = 'restricted';
  let problem: string | null = null;

  const ready = async (): Promise<ReadyContext> => ({ ...context, language: await context.server() });

  const hearJob = async (view: JobView): Promise<void> => {
    if (!ownJobs.includes(view.kind) || panel.state() === 'closed') return;
    job = view.state === 'done' ? null : view;
    if (view.state === 'done') {
      const { language } = await ready();
      const result = await language.request('whence/jobResult', { id: view.id });
      // What was just proposed is what is looked at next.
      await load(result?.kind === 'prunePropose' ? result.analysis : (record?.id ?? null));
    }
    panel.changed();
  };

  const look = async (): Promise<EditorRequests['whence/analyses']['result']> => {
    const { language } = await ready();
    const all = (await language.request('whence/analyses', null)).filter(({ kind }) => kind === 'pruning').reverse();
    marked = all.find(({ shown }) => shown)?.id ?? null;
    proposals = all.map(({ id, title, when }) => ({ id, title, when }));
    return all;
  };

  const load = async (wanted: string | null): Promise<void> => {
    const { language } = await ready();
    const all = await look();
    const id = all.find((one) => one.id === wanted)?.id ?? all[0]?.id;
    const found = id === undefined ? null : await language.request('whence/analysis', { id });
    record = found?.kind === 'pruning' ? found : null;
    trust = (await language.request('whence/state', null)).trust;
    applied = await appliedMasks();
    panel.changed();
  };

  const act = async (action: PruningAction): Promise<void> => {
    const { language } = await ready();
    switch (action.kind) {
      case 'showProposal':
        await language.request('whence/showAnalysis', { kind: 'pruning', id: action.proposal });
        return load(action.proposal);
      case 'propose':
        return void vscode.commands.executeCommand('whence.prunePropose');
      case 'apply':
        return void vscode.commands.executeCommand('whence.pruneApply', record?.id, action.alpha);
      case 'undo':
        return void vscode.commands.executeCommand('whence.pruneUndo', action.folder);
      case 'cancel':
        if (job !== null) await language.request('whence/cancelJob', { id: job.id });
        return;
      case 'showMarks':
        if (record !== null) await showAnalysisMarks('pruning', record.id, { ...context, language });
        await look();
        return;
      case 'hideMarks':
        await language.request('whence/showAnalysis', { kind: 'pruning', id: null });
        await look();
        return;
      case 'openRow':
        return openRow(action.row, record?.result.rows ?? [], language);
    }
  };

  const panel = createSinglePanel<'pruning', string | null>(
    {
      kind: 'pruning',
      column: vscode.ViewColumn.Active,
      hears: 'always',
      listen: (language) => [
        language.onNotification('whence/jobChanged', (view) => void hearJob(view)),
        language.onNotification('whence/findingsChanged', () => void look().then(() => panel.changed())),
        context.onSettings(() => panel.changed()),
      ],
      load,
      title: () => vscode.l10n.t('Pruning'),
      snapshot: (): PruningSnapshot => {
        const shown = record === null ? null : bounded(record);
        return {
          record: shown,
          omittedRows: (record?.result.rows.length ?? 0) - (shown?.result.rows.length ?? 0),
          proposals,
          applied,
          marks:
            marked !== null && marked === record?.id && marksAreOn('pruning', context.settings()) ? 'shown' : 'hidden',
          job,
          trust,
          problem,
        };
      },
      act,
      failed: (text) => {
        problem = text;
      },
    },
    context,
  );

  return {
    // Brought forward, it goes on showing what it showed.
    open: (proposal) => panel.open(proposal ?? (panel.state() === 'open' ? (record?.id ?? null) : null)),
    restore: (restored, state) => panel.restore(restored, state?.trace ?? null),
  };
}

/** The record without the document that apply reads, and with the rows that matter most. */
function bounded({ document: _, ...record }: PruningRecord): NonNullable<PruningSnapshot['record']> {
  const { rows } = record.result;
  if (rows.length <= mostRows) return record;
  const strongest = [...rows].sort((a, b) => Math.abs(b.share ?? 0) - Math.abs(a.share ?? 0)).slice(0, mostRows);
  return { ...record, result: { ...record.result, rows: strongest } };
}

/** Where the row stands now, whatever was edited since. */
async function openRow(
  { file, row }: PanelRow,
  rows: readonly PruningRow[],
  language: ReadyContext['language'],
): Promise<void> {
  const known = rows.find((one) => one.file === file && one.row === row);
  const place =
    known === undefined
      ? null
      : await language.request('whence/rowPlace', { file, hash: known.hash, line: known.line });
  if (place === null) throw new Error(vscode.l10n.t('{0} is in no folder of the workspace.', file));
  await showRow(place);
}
