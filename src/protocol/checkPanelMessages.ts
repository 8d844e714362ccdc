import { finite, integer, MessageError, oneOf, record, text } from './checkMessage';
import { traceMethods } from './influence';
import {
  type AskAction,
  exportFormats,
  type PanelActions,
  type PanelKind,
  type PanelMessage,
  type PanelRow,
  type PanelState,
  type ProbingAction,
  type PruningAction,
  panelKinds,
  type SnapshotMessage,
  type TraceAction,
  type VerifyAction,
} from './panels';
import type { Sampling } from './requests';

/** What a panel may send at most. */
export const panelBounds = { promptCharacters: 200_000, models: 8, rows: 100_000, nameCharacters: 4096 } as const;

/** Checks what a webview sent: rows are hostile text, so nothing of it is taken on trust. @throws MessageError */
export function checkPanelMessage<K extends PanelKind>(panel: K, message: unknown): PanelMessage<K> {
  const fields = record(message, 'message');
  if (fields.type === 'ready') return { type: 'ready' };
  if (fields.type !== 'action') throw new MessageError(`a message of type ${String(fields.type).slice(0, 60)}`);
  return { type: 'action', action: actionChecks[panel](record(fields.action, 'action')) };
}

/** Checks that a snapshot is one of the panel's. Its content comes from our own client. @throws MessageError */
export function checkSnapshot<K extends PanelKind>(panel: K, message: unknown): SnapshotMessage<K> {
  const fields = record(message, 'message');
  oneOf(fields.type, 'type', ['snapshot']);
  oneOf(fields.panel, 'panel', [panel]);
  text(fields.locale, 'locale', 32);
  record(fields.texts, 'texts');
  record(fields.snapshot, 'snapshot');
  return message as SnapshotMessage<K>;
}

/** Checks the state that a panel kept; null: it is not one, and the panel begins anew. */
export function checkPanelState(panel: PanelKind, state: unknown): PanelState | null {
  try {
    const fields = record(state, 'state');
    return {
      panel: oneOf(fields.panel, 'panel', [panel]),
      trace: fields.trace === null ? null : text(fields.trace, 'trace', panelBounds.nameCharacters),
      query: integer(fields.query, 'query'),
      view: fields.view,
    };
  } catch (error) {
    if (error instanceof MessageError) return null;
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const actionChecks: { readonly [K in PanelKind]: (fields: Fields) => PanelActions[K] } = {
  ask: askAction,
  trace: traceAction,
  verify: verifyAction,
  probing: probingAction,
  pruning: pruningAction,
};

function askAction(fields: Fields): AskAction {
  const kind = oneOf(fields.kind, 'kind', ['ask', 'stop', 'traceAnswer', 'clear'] as const);
  if (kind === 'stop' || kind === 'clear') return { kind };
  if (kind === 'traceAnswer') {
    const turn = name(fields.turn, 'turn');
    const [from, to] = [integer(fields.from, 'from'), integer(fields.to, 'to')];
    if (from >= to) throw new MessageError(`nothing lies from ${from} to ${to}`);
    return { kind, turn, answer: integer(fields.answer, 'answer'), from, to };
  }
  return {
    kind,
    text: text(fields.text, 'text', panelBounds.promptCharacters),
    after: fields.after === null ? null : continued(record(fields.after, 'after')),
    template: oneOf(fields.template, 'template', ['chat', 'raw'] as const),
    models: list(fields.models, 'models', panelBounds.models).map((model) => name(model, 'model')),
    sampling: sampling(record(fields.sampling, 'sampling')),
    maxTokens: between(fields.maxTokens, 'maxTokens', 1, 4096),
  };
}

function continued(fields: Fields): { readonly turn: string; readonly answer: number } {
  return { turn: name(fields.turn, 'turn'), answer: integer(fields.answer, 'answer') };
}

function sampling(fields: Fields): Sampling {
  const kind = oneOf(fields.kind, 'sampling', ['greedy', 'sampled'] as const);
  if (kind === 'greedy') return { kind };
  return {
    kind,
    temperature: finite(fields.temperature, 'temperature', 0, 100),
    topP: finite(fields.topP, 'topP', 0, 1),
    seed: integer(fields.seed, 'seed'),
  };
}

function traceAction(fields: Fields): TraceAction {
  const kinds = ['showTrace', 'openRow', 'activate', 'verify', 'quarantine', 'rankAlways', 'export'] as const;
  const kind = oneOf(fields.kind, 'kind', kinds);
  switch (kind) {
    case 'showTrace':
      return { kind, trace: name(fields.trace, 'trace') };
    case 'openRow':
      return { kind, row: row(fields.row) };
    case 'activate':
      return { kind, query: integer(fields.query, 'query'), method: oneOf(fields.method, 'method', traceMethods) };
    case 'verify':
    case 'rankAlways':
      return { kind, query: integer(fields.query, 'query') };
    case 'quarantine':
      return {
        kind,
        query: integer(fields.query, 'query'),
        rows: list(fields.rows, 'rows', panelBounds.rows).map(row),
      };
    case 'export':
      return { kind, format: oneOf(fields.format, 'format', exportFormats) };
  }
}

function verifyAction(fields: Fields): VerifyAction {
  const kind = oneOf(fields.kind, 'kind', ['run', 'cancel', 'showTrace', 'openRow'] as const);
  if (kind === 'cancel' || kind === 'showTrace') return { kind };
  if (kind === 'openRow') return { kind, row: row(fields.row) };
  const removal = record(fields.removal, 'removal');
  return {
    kind,
    removal:
      oneOf(removal.kind, 'removal', ['top', 'group'] as const) === 'group'
        ? { kind: 'group' }
        : { kind: 'top', count: between(removal.count, 'count', 1, panelBounds.rows) },
    randomRemovals: between(fields.randomRemovals, 'randomRemovals', 0, 100),
    tests: oneOf(fields.tests, 'tests', ['none', 'workspace'] as const),
  };
}

function probingAction(fields: Fields): ProbingAction {
  const kinds = ['showProbe', 'showMarks', 'hideMarks', 'openRow', 'probe'] as const;
  const kind = oneOf(fields.kind, 'kind', kinds);
  if (kind === 'showProbe') return { kind, probe: name(fields.probe, 'probe') };
  return kind === 'openRow' ? { kind, row: row(fields.row) } : { kind };
}

function pruningAction(fields: Fields): PruningAction {
  const kinds = ['showProposal', 'propose', 'cancel', 'showMarks', 'hideMarks', 'apply', 'undo', 'openRow'] as const;
  const kind = oneOf(fields.kind, 'kind', kinds);
  switch (kind) {
    case 'showProposal':
      return { kind, proposal: name(fields.proposal, 'proposal') };
    case 'apply':
      return { kind, alpha: finite(fields.alpha, 'alpha', 0, 1) };
    case 'undo':
      return { kind, folder: name(fields.folder, 'folder') };
    case 'openRow':
      return { kind, row: row(fields.row) };
    default:
      return { kind };
  }
}

function row(value: unknown): PanelRow {
  const fields = record(value, 'row');
  return { file: name(fields.file, 'file'), row: integer(fields.row, 'row') };
}

function name(value: unknown, what: string): string {
  return text(value, what, panelBounds.nameCharacters);
}

function between(value: unknown, what: string, least: number, most: number): number {
  const found = integer(value, what);
  if (found >= least && found <= most) return found;
  throw new MessageError(`${what} is ${found}, not from ${least} to ${most}`);
}

function list(value: unknown, what: string, longest: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= longest) return value;
  throw new MessageError(`${what} is not a list of at most ${longest}`);
}

/** Whether a text names a panel. */
export function isPanelKind(value: string): value is PanelKind {
  return (panelKinds as readonly string[]).includes(value);
}
