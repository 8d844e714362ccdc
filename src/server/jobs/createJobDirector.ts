import { createJobQueue } from '../../jobs/createJobQueue';
import { createJobRunner, type JobOptions, type JobRunner } from '../../jobs/createJobRunner';
import type { ServerTexts } from '../../protocol/display/serverText';
import type { EditorNotifications } from '../../protocol/editor';
import type { EditorJob, EditorResult, JobView } from '../../protocol/editorJobs';
import { UserError, type UserErrorData } from '../../protocol/errors';
import type { JobKind, JobOutcome, Jobs } from '../../protocol/jobs';
import type { EditorSettings } from '../../protocol/settings';
import type { AnalysisShelf } from '../analyses/createAnalysisShelf';
import type { TraceShelf } from '../traces/createTraceShelf';
import type { WorkspaceWatch } from '../workspaceWatch';
import type { EditorJobRule, EditorJobTools } from './editorJob';
import { editorJobTable } from './jobTable';

/** Starts jobs of the editor one after the other, remembers how they went, and tells the client. */
export interface JobDirector {
  start(job: EditorJob): string;
  cancel(id: string): void;
  /** Starts the same job again. @throws UserError `job-unknown` */
  resume(id: string): string;
  views(): readonly JobView[];
  result(id: string): EditorResult | undefined;
  /** Ends once the job is over, however it went. */
  settled(id: string): Promise<void>;
  enginePids(): readonly number[];
  close(): Promise<void>;
}

export interface JobDirectorParts {
  readonly engineModule: string;
  readonly workspace: WorkspaceWatch;
  readonly traces: TraceShelf;
  readonly analyses: AnalysisShelf;
  settings(): EditorSettings;
  readonly texts: ServerTexts;
  notify<N extends 'whence/jobChanged' | 'whence/answerDelta'>(name: N, value: EditorNotifications[N]): void;
  log(level: 'info' | 'warning' | 'error', text: string): void;
}

/** Jobs that are remembered. */
const remembered = 50;
/** Times a job is started again after its engine died under it. */
const restarts = 1;

interface KnownJob {
  readonly job: EditorJob;
  readonly cancel: AbortController;
  view: JobView;
  result: EditorResult | undefined;
  settled: Promise<void>;
}

export function createJobDirector(parts: JobDirectorParts): JobDirector {
  const { workspace, traces, analyses, settings, notify, log, texts } = parts;
  const queue = createJobQueue();
  const known = new Map<string, KnownJob>();
  let next = 1;
  let runner: JobRunner | undefined;

  /** No process is started before a job needs one. */
  const engine = (): JobRunner => {
    runner ??= createJobRunner({
      engineModule: parts.engineModule,
      environment: {},
      idleSeconds: settings().engineIdleSeconds,
    });
    return runner;
  };

  const change = (entry: KnownJob, part: Partial<JobView>): void => {
    entry.view = { ...entry.view, ...part };
    notify('whence/jobChanged', entry.view);
  };

  const toolsOf = (entry: KnownJob): EditorJobTools => ({
    workspace,
    traces,
    analyses,
    settings: settings(),
    say: texts.say,
    run: async <K extends JobKind>(
      request: Jobs[K]['request'] & { readonly kind: K },
      onEvent: (event: unknown) => void,
    ): Promise<JobOutcome<Jobs[K]['result']>> => {
      const outcome = await engine().run(request, {
        engineKey: 'editor',
        signal: entry.cancel.signal,
        onProgress: (progress) => change(entry, { progress }),
        onEvent,
        onLog: (level, text) => log(level === 'warning' ? 'warning' : 'info', text),
        onCrash: { kind: 'restart', restarts, resume: (same: Jobs[K]['request']) => same },
      } satisfies JobOptions<Jobs[K]['request']>);
      change(entry, { device: outcome.device?.device ?? null, memory: outcome.memory });
      return outcome;
    },
    announceCost: (cost) => change(entry, { cost }),
    stream: (delta) => notify('whence/answerDelta', { job: entry.view.id, ...delta }),
    warn: (text) => log('warning', text),
  });

  const work = async (entry: KnownJob): Promise<void> => {
    const { job, cancel } = entry;
    const rule = editorJobTable[job.kind] as EditorJobRule<typeof job.kind>;
    try {
      const end = await queue.enqueue(cancel.signal, async () => {
        change(entry, { state: 'running', started: Date.now() });
        return rule.run(job as never, toolsOf(entry));
      });
      entry.result = end.result;
      change(entry, { state: 'done', outcome: end.outcome, progress: null, seconds: secondsSince(entry.view.started) });
    } catch (error) {
      const state = cancel.signal.aborted ? 'cancelled' : 'failed';
      if (!(error instanceof UserError) && state === 'failed') log('error', String((error as Error).stack ?? error));
      const told = state === 'cancelled' ? null : dataOf(error, texts);
      change(entry, { state, error: told, progress: null, seconds: secondsSince(entry.view.started) });
    }
  };

  const start = (job: EditorJob): string => {
    const id = `job-${next}`;
    next += 1;
    const rule = editorJobTable[job.kind] as EditorJobRule<typeof job.kind>;
    const view: JobView = {
      id,
      kind: job.kind,
      title: rule.title(job as never, texts.say),
      state: 'queued',
      progress: null,
      cost: null,
      device: null,
      memory: null,
      started: Date.now(),
      seconds: null,
      error: null,
      outcome: null,
    };
    const entry: KnownJob = { job, cancel: new AbortController(), view, result: undefined, settled: Promise.resolve() };
    known.set(id, entry);
    forgetOldest(known);
    notify('whence/jobChanged', view);
    entry.settled = work(entry);
    return id;
  };

  return {
    start,
    cancel: (id) => known.get(id)?.cancel.abort(),
    resume: (id) => {
      const entry = known.get(id);
      if (entry !== undefined) return start(entry.job);
      throw new UserError({
        kind: 'badInput',
        code: 'job-unknown',
        message: `There is no job ${id.slice(0, 80)} any more.`,
        next: 'Start it again from the command palette; what it computed is kept.',
      });
    },
    views: () => [...known.values()].map(({ view }) => view),
    result: (id) => known.get(id)?.result,
    settled: async (id) => known.get(id)?.settled,
    enginePids: () => runner?.enginePids() ?? [],
    close: async () => {
      for (const { cancel } of known.values()) cancel.abort();
      await runner?.close();
    },
  };
}

function forgetOldest(known: Map<string, KnownJob>): void {
  for (const [id, { view }] of known) {
    if (known.size <= remembered) return;
    if (view.state !== 'running' && view.state !== 'queued') known.delete(id);
  }
}

function secondsSince(milliseconds: number): number {
  return (Date.now() - milliseconds) / 1000;
}

function dataOf(error: unknown, { translate }: ServerTexts): UserErrorData {
  if (error instanceof UserError) {
    const { message, next, ...rest } = error.toData();
    return { ...rest, message: translate(message), next: translate(next) };
  }
  return {
    kind: 'engineFailed',
    code: 'internal',
    message: `Whence has a fault of its own: ${String((error as Error).message ?? error).slice(0, 300)}`,
    next: 'See the output channel "Whence" for the whole of it, and report it.',
  };
}
