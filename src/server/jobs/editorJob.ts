import type { Say } from '../../protocol/display/serverText';
import type { EditorJob, EditorJobKind, EditorResult } from '../../protocol/editorJobs';
import type { JobKind, JobOutcome, Jobs } from '../../protocol/jobs';
import type { EditorSettings } from '../../protocol/settings';
import type { AnalysisShelf } from '../analyses/createAnalysisShelf';
import type { TraceShelf } from '../traces/createTraceShelf';
import type { WorkspaceWatch } from '../workspaceWatch';

/** What a job of the editor may use. */
export interface EditorJobTools {
  readonly workspace: WorkspaceWatch;
  readonly traces: TraceShelf;
  readonly analyses: AnalysisShelf;
  readonly settings: EditorSettings;
  /** A text in the editor's language. What is kept in the store is in English. */
  readonly say: Say;
  /** Runs one job in the engine; progress, device and memory go to the job's view. */
  run<K extends JobKind>(
    request: Jobs[K]['request'] & { readonly kind: K },
    onEvent: (event: unknown) => void,
  ): Promise<JobOutcome<Jobs[K]['result']>>;
  /** What it was predicted to take, one line. */
  announceCost(text: string): void;
  /** Part of an answer. */
  stream(delta: { readonly model: number; readonly prompt: number; readonly text: string }): void;
  warn(text: string): void;
}

/** What a job came to: its result, and one line for people. */
export interface EditorJobEnd<K extends EditorJobKind> {
  readonly result: Extract<EditorResult, { kind: K }>;
  readonly outcome: string;
}

export interface EditorJobRule<K extends EditorJobKind> {
  /** For people, before it begins. */
  title(job: Extract<EditorJob, { kind: K }>, say: Say): string;
  run(job: Extract<EditorJob, { kind: K }>, tools: EditorJobTools): Promise<EditorJobEnd<K>>;
}
