import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { dataLimits } from '../../data/limits';
import { parseJsonRow } from '../../data/parseRow';
import { inlineQuery } from '../../data/queries';
import type { BehaviourChoice } from '../../protocol/editorJobs';
import { inputError } from '../../protocol/errors';
import type { QuerySource } from '../../protocol/influence';
import type { JsonObject } from '../../protocol/json';
import type { WorkspaceWatch } from '../workspaceWatch';

/** The queries behind what was picked in the editor. @param maxTokens of the model's own answer */
export async function querySourceOf(
  choice: BehaviourChoice,
  workspace: WorkspaceWatch,
  maxTokens: number,
): Promise<QuerySource> {
  if (choice.kind === 'text') return textSource(choice, maxTokens);
  if (choice.kind === 'queryLine') return lineSource(choice, workspace);
  const file = workspace.workspace()?.queries;
  if (file !== undefined) {
    return { kind: 'file', file: { label: workspace.labelOf(file), path: file, schema: undefined }, ids: [] };
  }
  throw inputError('no-queries', 'whence.json names no queries.', 'Add "queries": "queries.jsonl" to it.');
}

function textSource(choice: Extract<BehaviourChoice, { kind: 'text' }>, maxTokens: number): QuerySource {
  const { prompt, completion, rejected, measurement } = choice;
  const extra: JsonObject = {
    id: 'query',
    ...(rejected === null ? {} : { rejected }),
    ...(measurement === null ? {} : { measurement }),
  };
  if (completion === null) {
    const asked = prompt.kind === 'text' ? { prompt: prompt.text } : { messages: prompt.messages };
    return { kind: 'answer', prompts: [{ ...asked, ...extra }], maxTokens };
  }
  if (prompt.kind === 'text') return { kind: 'inline', queries: [{ prompt: prompt.text, completion, ...extra }] };
  return { kind: 'inline', queries: [{ ...answeredTurns(prompt.messages, completion), ...extra }] };
}

/** A conversation whose last turn is the model's own has an answer begun: the completion is the part that follows. */
function answeredTurns(messages: readonly JsonObject[], completion: string): JsonObject {
  const last = messages.at(-1);
  const begun = last?.role === 'assistant' && typeof last.content === 'string' ? last.content : undefined;
  if (begun === undefined) return { messages: [...messages, { role: 'assistant', content: completion }] };
  const content = begun + completion;
  return { messages: [...messages.slice(0, -1), { ...last, content }], part: [begun.length, content.length] };
}

async function lineSource(
  { uri, line }: Extract<BehaviourChoice, { kind: 'queryLine' }>,
  workspace: WorkspaceWatch,
): Promise<QuerySource> {
  const file = fileURLToPath(uri);
  const label = workspace.labelOf(file);
  const text = (await readFile(file, 'utf8')).split('\n')[line];
  const address = { file: label, row: line, line: line + 1, bytes: undefined };
  const { row, problems } = parseJsonRow(Buffer.from(text ?? ''), address, dataLimits);
  const [problem] = problems;
  if (row === undefined) {
    throw inputError(
      problem?.code ?? 'no-row',
      problem?.message ?? `${label} has no line ${line + 1}.`,
      problem?.next ?? 'Save the file, and put the cursor on a query.',
    );
  }
  const named = Object.hasOwn(row.value, 'id') ? row.value : { ...row.value, id: `line-${line + 1}` };
  inlineQuery(named, label, line);
  return { kind: 'inline', queries: [named] };
}
