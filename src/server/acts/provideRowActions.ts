import { type CodeAction, CodeActionKind, ErrorCodes, type Range, ResponseError } from 'vscode-languageserver/node';
import type { Act } from '../../protocol/editor';
import type { RowReference } from '../../protocol/editorJobs';
import { UserError } from '../../protocol/errors';
import { isJsonObject } from '../../protocol/json';
import type { ServerContext } from '../context';
import { shortText } from '../jobs/shortText';
import { fileLines } from '../requests/fileLines';
import { rowPlaces } from '../requests/rowPlaces';
import { isJsonLines } from './lineFormats';
import { makeAct } from './makeAct';

export const rowActionKinds = [CodeActionKind.RefactorMove, CodeActionKind.RefactorRewrite] as const;

/** Lines of a selection that one action covers. */
const mostLines = 100_000;
/** Weights that are offered. */
const weights = [
  { weight: 0.5, title: 'act.half' },
  { weight: 0, title: 'act.nothing' },
] as const;

/** What an action says to `resolveRowAction`. */
interface ActionData {
  readonly whence: 'act';
  readonly act: Act;
}

/** Acts on the rows of a selection, without their edits: those are made for the one that is chosen. */
export function provideRowActions(
  uri: string,
  range: Range,
  only: readonly string[] | undefined,
  context: ServerContext,
): CodeAction[] {
  if (only !== undefined && !only.some((kind) => rowActionKinds.some((own) => isWithin(own, kind)))) return [];
  const lines = isJsonLines(uri) && uri.startsWith('file:') ? fileLines(context, uri) : undefined;
  if (lines === undefined) return [];
  const end = range.end.character === 0 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line;
  const rows: RowReference[] = [];
  for (let line = range.start.line; line <= Math.min(end, range.start.line + mostLines, lines.count - 1); line++)
    if (lines.text(line).trim() !== '') rows.push({ uri, line });
  if (rows.length === 0) return [];
  const { say } = context.texts;
  const count = rows.length;
  if (/\.quarantine\.\w+$/.test(uri)) return [action(say('act.restore', { count }), { kind: 'restore', rows }, 'move')];
  const reason = reasonOf(context);
  const actions = [action(say('act.quarantine', { count }), { kind: 'quarantine', rows, reason }, 'move')];
  const group = rows.length === 1 ? groupRows(rows[0]!, context) : [];
  if (group.length > 1)
    actions.push(
      action(say('act.quarantineGroup', { count: group.length }), { kind: 'quarantine', rows: group, reason }, 'move'),
    );
  for (const { weight, title } of weights)
    actions.push(action(say(title, { count }), { kind: 'downWeight', rows, weight }, 'rewrite'));
  if (rows.length === 1 && context.options.tags === 'client') {
    const command = (title: string, id: string): CodeAction => ({
      title,
      kind: CodeActionKind.RefactorRewrite,
      command: { title, command: id, arguments: [rows[0]] },
    });
    actions.push(command(say('act.edit'), 'whence.editRow'));
    actions.push(command(say('act.nearDuplicates'), 'whence.findNearDuplicates'));
  }
  return actions;
}

/** The action with its edit. @throws ResponseError where rows cannot be changed: what is wrong, and what to do */
export async function resolveRowAction(action: CodeAction, context: ServerContext): Promise<CodeAction> {
  const data = action.data as unknown;
  if (!isActionData(data)) return action;
  try {
    const { edit } = await makeAct(data.act, context);
    return { ...action, edit };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { translate } = context.texts;
    const message = `${translate(error.message)} ${translate(error.next)}`;
    throw new ResponseError(ErrorCodes.InvalidParams, message, error.toData());
  }
}

/** `refactor.move` is within `refactor`, and within `''`. */
function isWithin(kind: string, wanted: string): boolean {
  return wanted === '' || kind === wanted || kind.startsWith(`${wanted}.`);
}

/** Why rows are set aside where nobody says more: the finding beside them. */
export function reasonOf({ traces }: Pick<ServerContext, 'traces'>): string {
  const shown = traces.shown();
  return shown === undefined ? 'set aside by hand' : `influence on: ${shortText(shown.query.prompt)}`;
}

/** The rows above the null of the row's group, where they stand now. */
function groupRows({ uri, line }: RowReference, context: ServerContext): RowReference[] {
  const lines = fileLines(context, uri);
  const shown = context.traces.shown();
  const at = lines === undefined ? undefined : context.findings.at(uri, lines, line);
  if (shown === undefined || at === undefined || at.state === 'stale' || !at.row.aboveNull) return [];
  const placeOf = rowPlaces(context);
  return shown.query.rows
    .filter(({ group, aboveNull }) => group === at.row.group && aboveNull)
    .flatMap((row) => {
      const place = placeOf(row);
      return place.uri === null || place.line === null || place.state === 'stale'
        ? []
        : [{ uri: place.uri, line: place.line }];
    });
}

function action(title: string, act: Act, kind: 'move' | 'rewrite'): CodeAction {
  const data: ActionData = { whence: 'act', act };
  return { title, kind: kind === 'move' ? CodeActionKind.RefactorMove : CodeActionKind.RefactorRewrite, data };
}

/** What comes back is what we sent; the rest is checked where it is used. */
function isActionData(value: unknown): value is ActionData {
  const data = value as Parameters<typeof isJsonObject>[0];
  return isJsonObject(data) && data.whence === 'act' && isJsonObject(data.act) && Array.isArray(data.act.rows);
}
