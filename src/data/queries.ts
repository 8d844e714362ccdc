import { inputError } from '../protocol/errors';
import { type Measurement, measurements } from '../protocol/influence';
import type { JsonObject, JsonValue } from '../protocol/json';
import { nearest } from './config/check';
import type { DataLimits } from './limits';
import { own } from './own';
import { article, rowOf, rowProblem } from './parseRow';
import { readRows } from './readRows';
import { detectedSchema } from './schemas/detect';
import { RowFault, wrongType } from './schemas/fault';
import { readMessages } from './schemas/messages';
import { isProblems, toExample } from './schemas/toExample';
import type { Example, Message, Row, RowAddress, RowProblem } from './types';

/** A behaviour to trace. */
export interface Query {
  readonly id: string;
  readonly address: RowAddress;
  /** The prompt with the completion as its only trained part. */
  readonly example: Example;
  /** The same prompt with the completion that should lose; undefined where the query names none. */
  readonly rejected: Example | undefined;
  /** Default: `margin` where there is a rejected completion, else `logprob`. */
  readonly measurement: Measurement;
  /** The completion, and the characters [begin, end) of it that are measured; absent: all of it. */
  readonly part?: { readonly completion: string; readonly begin: number; readonly end: number };
}

export interface ReadQueries {
  readonly queries: readonly Query[];
  readonly problems: readonly RowProblem[];
}

const knownKeys = [
  'id',
  'prompt',
  'completion',
  'messages',
  'input_ids',
  'labels',
  'rejected',
  'measurement',
  'part',
  'tags',
];

/**
 * Reads a query file: `{id, prompt, completion}`, `{id, messages}` (the last assistant turn is the completion) or
 * `{id, input_ids, labels}`, each with optional `rejected` and `measurement`. `part` ([begin, end), UTF-16 units) measures
 * a part of the completion only: what comes before it counts as given. A row that is no query is a problem.
 * @throws UserError where the file cannot be read at all
 */
export async function parseQueries(
  path: string,
  options: { readonly file: string; readonly limits: DataLimits },
): Promise<ReadQueries> {
  const queries: Query[] = [];
  const problems: RowProblem[] = [];
  const lineOfId = new Map<string, number>();
  for await (const batch of readRows(path, options)) {
    problems.push(...batch.problems);
    for (const row of batch.rows) {
      try {
        problems.push(...slips(row));
        const query = readQuery(row);
        const before = lineOfId.get(query.id);
        if (before !== undefined) {
          throw new RowFault(
            'duplicate-id',
            `the id "${query.id}" is taken by row ${before}.`,
            'Give each query its own id.',
          );
        }
        lineOfId.set(query.id, row.address.row);
        queries.push(query);
      } catch (error) {
        if (!(error instanceof RowFault)) throw error;
        problems.push(rowProblem('error', row.address, error.code, error.message, error.next));
      }
    }
  }
  return { queries, problems };
}

/** A query given in place instead of in a file. @throws UserError naming `origin` */
export function inlineQuery(value: JsonObject, origin: string, number: number): Query {
  try {
    return readQuery(rowOf(value, { file: origin, row: number, line: undefined, bytes: undefined }));
  } catch (error) {
    if (!(error instanceof RowFault)) throw error;
    throw inputError(error.code, `${origin}: ${error.message}`, error.next);
  }
}

/** What is wrong with one row of a query file by itself. */
export function checkQuery(row: Row): readonly RowProblem[] {
  return [
    ...slips(row),
    ...checkedBy(row, () => {
      readQuery(row);
    }),
  ];
}

/** The fault that reading a row throws, as its problem. */
export function checkedBy(row: Row, read: () => void): readonly RowProblem[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof RowFault)) throw error;
    return [rowProblem('error', row.address, error.code, error.message, error.next)];
  }
}

function readQuery(row: Row): Query {
  const { value, address } = row;
  const rejected = own(value, 'rejected') ?? undefined;
  if (rejected !== undefined && typeof rejected !== 'string') throw wrongType('rejected', 'a text', rejected);
  const measurement = own(value, 'measurement') ?? (rejected === undefined ? 'logprob' : 'margin');
  if (!measurements.includes(measurement as Measurement)) {
    const shown = JSON.stringify(measurement).slice(0, 60);
    throw new RowFault('measurement-unknown', `the measurement is ${shown}.`, `Use one of ${measurements.join(', ')}.`);
  }
  if (measurement === 'margin' && rejected === undefined) {
    throw new RowFault('no-rejected', 'a margin needs the completion that should lose.', 'Add "rejected".');
  }
  const examples = queryExamples(row, rejected);
  const part = readPart(value, examples);
  return { id: readId(row), address, ...examples, measurement: measurement as Measurement, ...part };
}

function readPart(value: JsonObject, { example, rejected }: Pick<Query, 'example' | 'rejected'>): Pick<Query, 'part'> {
  const stated = own(value, 'part') ?? undefined;
  if (stated === undefined) return {};
  const completion = completionOf(example);
  if (completion === undefined || rejected !== undefined) {
    throw new RowFault('part-unusable', 'a part is of one completion that is a text.', 'Delete "part".');
  }
  const [begin, end] = Array.isArray(stated) && stated.length === 2 ? stated : [];
  const whole = (place: JsonValue | undefined): place is number => Number.isSafeInteger(place);
  if (whole(begin) && whole(end) && begin >= 0 && begin < end && end <= completion.length) {
    return { part: { completion, begin, end } };
  }
  throw new RowFault(
    'part-range',
    `"part" is ${JSON.stringify(stated).slice(0, 60)}; the completion has the characters 0 to ${completion.length}.`,
    'Give [begin, end] with begin < end.',
  );
}

function completionOf(example: Example): string | undefined {
  if (example.kind === 'completion') return example.completion;
  return example.kind === 'chat' ? example.messages.at(-1)?.content : undefined;
}

function queryExamples(row: Row, rejected: string | undefined): Pick<Query, 'example' | 'rejected'> {
  const { value } = row;
  if (Object.hasOwn(value, 'input_ids')) {
    if (rejected !== undefined) {
      throw new RowFault('field-type', 'a tokenized query cannot have a rejected text.', 'Delete "rejected".');
    }
    const fields = { ids: 'input_ids', ...(Object.hasOwn(value, 'labels') ? { labels: 'labels' } : {}) };
    const example = toExample(row, detectedSchema('tokens', fields));
    if (isProblems(example)) throw new RowFault(example[0]!.code, bare(example[0]!, row), example[0]!.next);
    return { example, rejected: undefined };
  }
  if (Object.hasOwn(value, 'messages')) {
    const messages = readTurns(value);
    const last = messages.at(-1)!;
    if (last.role !== 'assistant') {
      throw new RowFault(
        'no-completion',
        'the last of messages is not an assistant turn.',
        'End with the answer to trace.',
      );
    }
    const before = messages.slice(0, -1).map((message) => ({ ...message, train: false, trainSpans: undefined }));
    const ending = (content: string): Example => {
      const answer: Message = { ...last, content, train: true, trainSpans: undefined };
      return { kind: 'chat', messages: [...before, answer], tools: undefined, weight: 1 };
    };
    return { example: ending(last.content), rejected: rejected === undefined ? undefined : ending(rejected) };
  }
  const prompt = own(value, 'prompt');
  const completion = own(value, 'completion');
  if (prompt === undefined && completion === undefined) {
    throw new RowFault('field-missing', 'there is neither prompt and completion nor messages.', 'Add them.');
  }
  if (typeof prompt !== 'string') throw wrongType('prompt', 'a text', prompt);
  if (typeof completion !== 'string') throw wrongType('completion', 'a text', completion);
  const ending = (text: string): Example => ({ kind: 'completion', prompt, completion: text, weight: 1 });
  return { example: ending(completion), rejected: rejected === undefined ? undefined : ending(rejected) };
}

/** The turns of `messages`, OpenAI or ShareGPT spelling. */
export function readTurns(value: JsonObject): Message[] {
  const messages = own(value, 'messages');
  if (!Array.isArray(messages)) throw wrongType('messages', 'a list of turns', messages);
  return readMessages(
    messages as readonly JsonValue[],
    'messages',
    detectedSchema('openai-chat', { messages: 'messages' }),
  );
}

/** The row's id; its row number where it has none. */
export function readId({ value, address }: Row): string {
  const id = own(value, 'id') ?? undefined;
  if (id === undefined) return `row-${address.row}`;
  if (typeof id === 'string' && id !== '') return id;
  if (typeof id === 'number') return String(id);
  throw new RowFault(
    'field-type',
    `the id is ${article(id)}${id === '' ? ' without characters' : ''}.`,
    'Make it a text.',
  );
}

/** Keys that look like a known one written wrong; other keys are the user's own. */
function slips(row: Row): RowProblem[] {
  return misspelled(row, knownKeys);
}

export function misspelled(row: Row, known: readonly string[]): RowProblem[] {
  return Object.keys(row.value).flatMap((key) => {
    const near = known.includes(key) ? undefined : nearest(key, known);
    return near === undefined
      ? []
      : [rowProblem('warning', row.address, 'unknown-key', `the key "${key}" is not read.`, `Did you mean "${near}"?`)];
  });
}

/** A problem's message without the name of the row, which is put before it again. */
function bare(problem: RowProblem, row: Row): string {
  return problem.message.slice(rowProblem('error', row.address, '', '', '').message.length);
}
