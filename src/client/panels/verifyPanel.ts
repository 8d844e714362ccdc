import * as vscode from 'vscode';
import type { TraceRecord } from '../../protocol/editorFindings';
import type { JobView } from '../../protocol/editorJobs';
import type { PanelState, VerifyAction, VerifySnapshot } from '../../protocol/panels';
import type { VerifyOutcome } from '../../protocol/verification';
import type { Context, ReadyContext } from '../context';
import { createSinglePanel } from './createSinglePanel';
import { rowPlaces, showRow } from './rowPlace';

/** The Verify panel: one of them, about one behaviour of one trace at a time. */
export interface VerifyPanel {
  open(trace: string, query: number): Promise<void>;
  restore(panel: vscode.WebviewPanel, state: PanelState | null): Promise<void>;
}

export interface VerifyPanelDoors {
  /** Opens the Trace panel. */
  showTrace(trace: string): Promise<void>;
}

/** Outcomes that outlive the window, newest last. */
const mostOutcomes = 10;
const key = 'whence.verify.outcomes';

interface KeptOutcome {
  readonly trace: string;
  readonly query: number;
  readonly outcome: VerifyOutcome;
}

/** What is verified: one behaviour of one trace. */
type Verified = Pick<KeptOutcome, 'trace' | 'query'>;

export function createVerifyPanel(context: Context, doors: VerifyPanelDoors): VerifyPanel {
  const memory = context.extension.workspaceState;
  let record: TraceRecord | null = null;
  let query = 0;
  let job: JobView | null = null;
  let started: string | null = null;
  let outcome: VerifyOutcome | null = null;
  let trust: VerifySnapshot['trust'] = 'restricted';
  let problem: string | null = null;

  const ready = async (): Promise<ReadyContext> => ({ ...context, language: await context.server() });

  const hearJob = async (view: JobView): Promise<void> => {
    if (view.kind !== 'verify') return;
    if (started === null || view.id !== started) return;
    job = view;
    if (view.state === 'done') {
      const { language } = await ready();
      const found = await language.request('whence/jobResult', { id: view.id });
      if (found?.kind === 'verify' && found.result.kind === 'outcome')
        await keepOutcome(found.trace, found.query, found.result);
      job = null;
      started = null;
    }
    panel.changed();
  };

  const keepOutcome = async (trace: string, of: number, found: VerifyOutcome): Promise<void> => {
    const kept = memory.get<readonly KeptOutcome[]>(key, []);
    const others = kept.filter((one) => one.trace !== trace || one.query !== of);
    await memory.update(key, [...others, { trace, query: of, outcome: found }].slice(-mostOutcomes));
    if (record?.id === trace && query === of) outcome = found;
  };

  const load = async ({ trace, query: of }: Verified): Promise<void> => {
    const { language } = await ready();
    record = await language.request('whence/trace', { id: trace });
    query = of;
    trust = (await language.request('whence/state', null)).trust;
    const kept = memory.get<readonly KeptOutcome[]>(key, []);
    outcome = kept.find((one) => one.trace === trace && one.query === of)?.outcome ?? null;
    if (job !== null && job.state !== 'running' && job.state !== 'queued') job = null;
    panel.changed();
  };

  const act = async (action: VerifyAction): Promise<void> => {
    if (record === null) throw new Error(vscode.l10n.t('There is no trace any more. Trace the behaviour again.'));
    const now = await ready();
    switch (action.kind) {
      case 'run': {
        const { removal, randomRemovals, tests } = action;
        job = null;
        started = null;
        const wanted = { kind: 'verify', trace: record.id, query, removal, randomRemovals, tests } as const;
        started = (await now.language.request('whence/startJob', wanted)).id;
        // A quick job may have said something before its id was known.
        const views = await now.language.request('whence/jobs', null);
        const view = views.find(({ id }) => id === started);
        if (view !== undefined) await hearJob(view);
        return;
      }
      case 'cancel':
        if (started !== null) await now.language.request('whence/cancelJob', { id: started });
        return;
      case 'showTrace':
        return doors.showTrace(record.id);
      case 'openRow': {
        const [place] = await rowPlaces(record, [action.row], now);
        if (place !== undefined) await showRow(place);
      }
    }
  };

  const panel = createSinglePanel<'verify', Verified>(
    {
      kind: 'verify',
      column: vscode.ViewColumn.Active,
      hears: 'always',
      listen: (language) => [language.onNotification('whence/jobChanged', (view) => void hearJob(view))],
      load,
      title: () => vscode.l10n.t('Verify'),
      snapshot: (): VerifySnapshot => {
        const traced = record?.documents[0]?.queries[query];
        return {
          trace: { id: record?.id ?? '', title: record?.title ?? '' },
          query,
          prompt: traced?.prompt ?? '',
          completion: traced?.completion ?? '',
          groupRows: traced?.groups[0]?.rows ?? 0,
          rows: traced?.rows.length ?? 0,
          job,
          outcome,
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
    open: (trace, of) => panel.open({ trace, query: of }),
    restore: async (restored, state) => {
      if (state === null || state.trace === null) return void restored.dispose();
      await panel.restore(restored, { trace: state.trace, query: state.query });
    },
  };
}
