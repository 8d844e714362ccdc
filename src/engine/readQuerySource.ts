import { generate } from '../analyses/asking/generate';
import { renderPrompt } from '../analyses/asking/renderPrompt';
import { type EncodedQuery, encodeQuery, type RunnerUp } from '../analyses/measuring/encodeQuery';
import { type PassProgram, plainInputs, planRowPasses, runRowPasses } from '../analyses/passes/rowPasses';
import { dataLimits } from '../data/limits';
import { inlineQuery, parseQueries, type Query } from '../data/queries';
import { inputError } from '../protocol/errors';
import type { QuerySource } from '../protocol/influence';
import type { JsonObject } from '../protocol/json';
import type { DataProblem, Prompt } from '../protocol/requests';
import { dataProblem } from './jobs/score';
import type { OpenSubject } from './openSubject';

export interface ReadQuerySource {
  readonly queries: readonly EncodedQuery[];
  readonly problems: readonly DataProblem[];
}

/** Reads queries from wherever the request has them, and encodes them for the model. */
export async function readQuerySource(source: QuerySource, subject: OpenSubject): Promise<ReadQuerySource> {
  const { queries, problems } = await readers[source.kind](source as never, subject);
  const runnerUp = runnerUpOf(subject);
  const encoded: EncodedQuery[] = [];
  for (const query of queries) encoded.push(await encodeQuery(query, subject.encoding, runnerUp));
  return { queries: encoded, problems };
}

interface FoundQueries {
  readonly queries: readonly Query[];
  readonly problems: readonly DataProblem[];
}

const readers: {
  readonly [K in QuerySource['kind']]: (
    source: Extract<QuerySource, { kind: K }>,
    subject: OpenSubject,
  ) => Promise<FoundQueries>;
} = {
  file: async ({ file, ids }) => {
    const { queries, problems } = await parseQueries(file.path, { file: file.label, limits: dataLimits });
    const known = new Set(queries.map(({ id }) => id));
    const absent = ids.find((id) => !known.has(id));
    if (absent !== undefined)
      throw inputError(
        'query-missing',
        `${file.label} has no query "${absent}".`,
        `Use one of its ids: ${[...known].slice(0, 8).join(', ')}.`,
      );
    const wanted = ids.length === 0 ? queries : queries.filter(({ id }) => ids.includes(id));
    if (wanted.length === 0)
      throw inputError(
        'no-queries',
        `${file.label} has no query.${problems[0] === undefined ? '' : ` ${problems[0].message}`}`,
        problems[0]?.next ?? 'Add a line like {"id": "q1", "prompt": "...", "completion": "..."}.',
      );
    return { queries: wanted, problems: problems.map(dataProblem) };
  },
  inline: async ({ queries }) => ({
    queries: queries.map((query, i) => inlineQuery(query, 'the query', i)),
    problems: [],
  }),
  answer: async ({ prompts, maxTokens }, subject) => {
    const queries: Query[] = [];
    for (const [i, prompt] of prompts.entries()) {
      const answer = await answerOf(prompt, maxTokens, subject);
      queries.push(inlineQuery(answeredQuery(prompt, answer, i), 'the answered prompt', i));
    }
    return { queries, problems: [] };
  },
};

/** The tuned model's own greedy answer. */
async function answerOf(prompt: JsonObject, maxTokens: number, { tuned, attribution }: OpenSubject): Promise<string> {
  const { text } = tuned.model;
  const { ids } = renderPrompt(promptOf(prompt), text, 'chat');
  const [found] = await generate([ids], {
    ...tuned,
    place: attribution.place.place,
    sessions: attribution.place.sessions,
    sampling: { kind: 'greedy' },
    maxTokens,
    onToken: () => undefined,
  });
  const answer = text.tokenizer.decodeSkippingSpecial(found!.tokens.map(({ id }) => id));
  if (answer !== '') return answer;
  throw inputError('answer-empty', 'The model answers nothing.', 'Give the completion to trace with --completion.');
}

function promptOf(prompt: JsonObject): Prompt {
  const { messages } = prompt;
  if (Array.isArray(messages)) return { kind: 'messages', messages: messages as readonly JsonObject[] };
  return { kind: 'text', text: String(prompt.prompt ?? '') };
}

function answeredQuery(prompt: JsonObject, answer: string, number: number): JsonObject {
  const id = prompt.id ?? `answer-${number + 1}`;
  if (!Array.isArray(prompt.messages)) return { ...prompt, id, completion: answer };
  return { ...prompt, id, messages: [...prompt.messages, { role: 'assistant', content: answer }] };
}

const logits: PassProgram = {
  key: 'logits',
  outputs: ({ loss }) => [{ name: 'logits', value: loss.logits }],
};

/** The likeliest token at the first measured position that is not the target. */
function runnerUpOf({ attribution: { place } }: OpenSubject): RunnerUp {
  return async (row, at, target) => {
    const only = { ids: row.ids.slice(0, at + 1), labels: new Int32Array(at + 1).fill(-100) };
    only.labels[at] = target;
    let best = target === 0 ? 1 : 0;
    const plan = planRowPasses([only], 1, place.model.config);
    await runRowPasses([only], plan, logits, place, plainInputs, ({ outputs, shape }) => {
      const values = outputs.logits as Float32Array;
      const vocabulary = values.length / shape.trained;
      for (let id = 0; id < vocabulary; id++) if (id !== target && values[id]! > values[best]!) best = id;
    });
    return best;
  };
}
