import type { Connection, TextDocuments } from 'vscode-languageserver/node';
import type { ServerTexts } from '../protocol/display/serverText';
import type { EditorOptions } from '../protocol/editor';
import type { EditorSettings } from '../protocol/settings';
import type { AnalysisShelf } from './analyses/createAnalysisShelf';
import type { OpenDocument } from './documents/openDocument';
import type { FindingIndex } from './findings/createFindingIndex';
import type { JobDirector } from './jobs/createJobDirector';
import type { LargeFiles } from './largeFiles/createLargeFiles';
import type { LabelVerdicts } from './probes/createLabelVerdicts';
import type { ProbeIndex } from './probes/createProbeIndex';
import type { TagIndex } from './tags/createTagIndex';
import type { TraceShelf } from './traces/createTraceShelf';
import type { WorkspaceWatch } from './workspaceWatch';

/** What every request and feature of the server may use. It exists once the client has said what it is. */
export interface ServerContext {
  readonly connection: Connection;
  readonly options: EditorOptions;
  /** What is said, in the editor's language. */
  readonly texts: ServerTexts;
  readonly documents: TextDocuments<OpenDocument>;
  readonly workspace: WorkspaceWatch;
  readonly traces: TraceShelf;
  readonly analyses: AnalysisShelf;
  readonly findings: FindingIndex;
  readonly tags: TagIndex;
  readonly largeFiles: LargeFiles;
  readonly probes: ProbeIndex;
  readonly labelVerdicts: LabelVerdicts;
  readonly jobs: JobDirector;
  /** Doubts about labels are to be shown anew. */
  doubtsChanged(): void;
  settings(): EditorSettings;
  trust(): EditorOptions['trust'];
  /** The one log channel. */
  log(level: 'info' | 'warning' | 'error', text: string): void;
}
