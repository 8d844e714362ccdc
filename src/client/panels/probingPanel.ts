import * as vscode from 'vscode';
import type { EditorRequests } from '../../protocol/editor';
import type { PanelRow, PanelState, ProbeRecord, ProbingAction, ProbingSnapshot } from '../../protocol/panels';
import { marksAreOn, showAnalysisMarks } from '../commands/analysisMarks';
import type { Context } from '../context';
import { boundProbe, mostProbedRows } from './boundProbe';
import { createSinglePanel } from './createSinglePanel';
import { showRow } from './rowPlace';

/** The Probing panel: one of them, about one probe at a time. */
export interface ProbingPanel {
  /** Opens it, or brings it forward. @param probe null: the one beside the rows, or the newest */
  open(probe: string | null): Promise<void>;
  restore(panel: vscode.WebviewPanel, state: PanelState | null): Promise<void>;
}

export function createProbingPanel(context: Context): ProbingPanel {
  let record: ProbeRecord | null = null;
  let bounded: ReturnType<typeof boundProbe> | null = null;
  let known: EditorRequests['whence/analyses']['result'] = [];
  let trust: ProbingSnapshot['trust'] = 'restricted';
  let problem: string | null = null;

  const look = async (): Promise<void> => {
    const language = await context.server();
    const found = await language.request('whence/analyses', null);
    known = found.filter(({ kind }) => kind === 'probe').reverse();
    trust = (await language.request('whence/state', null)).trust;
  };

  const load = async (wanted: string | null): Promise<void> => {
    const language = await context.server();
    await look();
    const id = wanted ?? known.find(({ shown }) => shown)?.id ?? known[0]?.id;
    const found = id === undefined ? null : await language.request('whence/analysis', { id });
    record = found?.kind === 'probe' ? found : null;
    bounded = record === null ? null : boundProbe(record, mostProbedRows);
    panel.changed();
  };

  const openRow = async ({ file, row }: PanelRow): Promise<void> => {
    const probed = record?.result.probe.rows.find((one) => one.file === file && one.row === row);
    if (probed === undefined) throw new Error(vscode.l10n.t('The row is not in this probe any more.'));
    const language = await context.server();
    const place = await language.request('whence/rowPlace', { file, hash: probed.hash, line: probed.line });
    if (place === null) throw new Error(vscode.l10n.t('{0} cannot be shown: it is no text file of rows.', file));
    await showRow(place);
  };

  const act = async (action: ProbingAction): Promise<void> => {
    switch (action.kind) {
      case 'showProbe':
        return load(action.probe);
      case 'probe':
        // Not awaited: a probe takes a while, and says itself what became of it.
        void vscode.commands.executeCommand('whence.probe');
        return;
      case 'openRow':
        return openRow(action.row);
      case 'showMarks':
        if (record !== null)
          await showAnalysisMarks('probe', record.id, { ...context, language: await context.server() });
        return look();
      case 'hideMarks':
        await (await context.server()).request('whence/showAnalysis', { kind: 'probe', id: null });
        return look();
    }
  };

  const panel = createSinglePanel<'probing', string | null>(
    {
      kind: 'probing',
      column: vscode.ViewColumn.Beside,
      hears: 'whileOpen',
      listen: (language) => [
        language.onNotification('whence/findingsChanged', () => void look().then(() => panel.changed())),
        context.onSettings(() => panel.changed()),
        // A new probe is what its user wants to see.
        language.onNotification('whence/jobChanged', ({ kind, state }) => {
          if (kind === 'probe' && state === 'done') void load(null);
        }),
      ],
      load,
      title: () => (record === null ? vscode.l10n.t('Probing') : record.title.slice(0, 48)),
      snapshot: () => ({
        ...(bounded ?? { record: null, omittedRows: 0 }),
        probes: known.map(({ id, title, when }) => ({ id, title, when })),
        marks:
          known.some(({ id, shown }) => shown && id === record?.id) && marksAreOn('probe', context.settings())
            ? 'shown'
            : 'hidden',
        trust,
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
    open: (probe) => panel.open(probe ?? (panel.state() === 'open' ? (record?.id ?? null) : null)),
    restore: (restored, state) => panel.restore(restored, state?.trace ?? null),
  };
}
