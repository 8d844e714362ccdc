/**
 * measuring/ says how strongly a model shows a behaviour: queries become token rows with factors, and a measurement is a
 * weighted sum of log-probabilities. It knows no training data and no estimator.
 */
import type { Query } from '../../data/queries';
import type { Example } from '../../data/types';
import { inputError } from '../../protocol/errors';
import type { Measurement } from '../../protocol/influence';
import { plainText } from '../../text/rows/plainText';
import type { EncodedRow } from '../../text/types';
import { encodeTrained, type RowContext } from '../rows/loadRows';
import { countTrained, untrained } from '../training/passFeeds';

/** A row of tokens in a measurement. */
export interface QueryPart {
  /** Its trained tokens are those measured. */
  readonly row: Pick<EncodedRow, 'ids' | 'labels'>;
  /** The measurement is the sum over parts of factor x (sum of log p of the trained tokens). */
  readonly factor: number;
}

/**
 * A behaviour as it is measured: f(theta) = sum over parts of factor * sum of log p, in nats (per token for a mean).
 * Every measurement is such a sum: a margin has a second part with factor -1; a margin of logits at one position is the
 * difference of two log-probabilities there, because the normaliser cancels.
 */
export interface EncodedQuery {
  readonly id: string;
  readonly measurement: Measurement;
  readonly parts: readonly QueryPart[];
  /** The completion that is traced: ids, labels, offsets and text. */
  readonly row: EncodedRow;
  /** Prompt and completion as a person reads them. */
  readonly plain: string;
  /** Where the completion begins in `plain`, UTF-16 units. */
  readonly completionAt: number;
}

/** What `tokenMargin` must know of the model: the likeliest other token at the first measured position. */
export type RunnerUp = (row: EncodedRow, place: number, target: number) => Promise<number>;

/**
 * Encodes a query for a model. A prompt and its completion are a user turn and its answer where the model has a chat
 * template, as `ask` puts them; else they are joined as they are.
 *
 * @throws UserError `query-unusable` where no token of the completion is left to measure
 */
export async function encodeQuery(query: Query, context: RowContext, runnerUp: RunnerUp): Promise<EncodedQuery> {
  const { id, measurement } = query;
  const row = measuredPart(query, encodePart(query, query.example, context));
  const parts = await partsOf[measurement](query, row, context, runnerUp);
  return { id, measurement, parts, row, ...plainQuery(query) };
}

type PartMaker = (query: Query, row: EncodedRow, context: RowContext, runnerUp: RunnerUp) => Promise<QueryPart[]>;

const partsOf: { readonly [M in Measurement]: PartMaker } = {
  logprob: async (_, row) => [{ row, factor: 1 }],
  meanLogprob: async (_, row) => [{ row, factor: 1 / countTrained(row) }],
  margin: async (query, row, context) => {
    if (query.rejected === undefined) throw unusable(query, 'a margin needs a rejected completion');
    return [
      { row, factor: 1 },
      { row: encodePart(query, query.rejected, context), factor: -1 },
    ];
  },
  tokenMargin: async (_, row, __, runnerUp) => {
    const place = row.labels.findIndex((label, t) => t > 0 && label !== untrained);
    const target = row.labels[place]!;
    const other = await runnerUp(row, place, target);
    return [
      { row: onlyAt(row, place, target), factor: 1 },
      { row: onlyAt(row, place, other), factor: -1 },
    ];
  },
};

function onlyAt(row: EncodedRow, place: number, label: number): QueryPart['row'] {
  const ids = row.ids.slice(0, place + 1);
  const labels = new Int32Array(place + 1).fill(untrained);
  labels[place] = label;
  return { ids, labels };
}

function encodePart(query: Query, example: Example, context: RowContext): EncodedRow {
  const encoded = encodeTrained(asTurns(example, context), query.address, context);
  if ('ids' in encoded) return encoded;
  throw unusable(query, encoded.message);
}

/** The row with the tokens of the query's part alone measured; a token that the part only begins or ends in counts. */
function measuredPart(query: Query, row: EncodedRow): EncodedRow {
  const { part } = query;
  if (part === undefined) return row;
  const first = row.labels.findIndex((label, t) => t > 0 && label !== untrained);
  // Templates may take white space off a turn's ends.
  const content = part.completion.trim();
  const found = first < 0 ? -1 : row.text.indexOf(content, row.offsets[2 * first]!);
  if (found < 0) throw unusable(query, 'the part is not in the text as the model sees it.');
  const start = found - part.completion.indexOf(content);
  const labels = row.labels.map((label, t) => {
    const [from, to] = [row.offsets[2 * t]!, row.offsets[2 * t + 1]!];
    return to > start + part.begin && from < start + part.end ? label : untrained;
  });
  if (labels.every((label) => label === untrained)) throw unusable(query, 'its part has no token.');
  return { ...row, labels };
}

/** Prompt and completion as a person reads them: what comes before a part belongs to the prompt. */
function plainQuery({ example, part }: Query): Pick<EncodedQuery, 'plain' | 'completionAt'> {
  const plain = plainText(example);
  const at = plain.length - completionOf(example).length;
  if (part === undefined) return { plain, completionAt: at };
  const before = plain.slice(0, at + part.begin);
  return { plain: `${before}\n${plain.slice(at + part.begin, at + part.end)}`, completionAt: before.length + 1 };
}

/** What of a query's text is measured: its end. */
function completionOf(example: Example): string {
  if (example.kind === 'completion') return example.completion;
  return example.kind === 'chat' ? (example.messages.at(-1)?.content ?? '') : '';
}

function asTurns(example: Example, { template }: RowContext): Example {
  if (example.kind !== 'completion' || template === undefined) return example;
  const turn = (role: 'user' | 'assistant', content: string) => ({
    role,
    content,
    extra: {},
    train: role === 'assistant',
    trainSpans: undefined,
  });
  const messages = [turn('user', example.prompt), turn('assistant', example.completion)];
  return { kind: 'chat', messages, tools: undefined, weight: 1 };
}

function unusable(query: Query, why: string) {
  return inputError('query-unusable', `The query "${query.id}" cannot be measured: ${why}`, 'Correct the query.');
}
