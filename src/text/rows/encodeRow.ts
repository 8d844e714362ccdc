/**
 * Rows as they are trained: ids, labels, weight and hash. Which tokens are trained follows the trainers that the
 * schemas come from: TRL's SFTTrainer for text, prompt + completion and chat, Axolotl for segments and train flags.
 */
import { createHash } from 'node:crypto';
import type { Example } from '../../data/types';
import { inputError, internalError } from '../../protocol/errors';
import type { EncodedRow, Encoding, EncodingContext, Tokenizer } from '../types';
import { findChatSpans } from './chatSpans';

/** Label of a token that is no target. */
export const untrained = -100;

/** Ids and labels before they are cut to `maxLength`. */
interface LabelledText {
  readonly text: string;
  readonly encoding: Encoding;
  /** Per token, whether it is trained. */
  readonly trained: (token: number) => boolean;
}

/**
 * Throws a UserError where the row cannot be encoded: a chat row without a chat template, a conversation that the
 * template refuses, ids out of range. Preference rows have two encodings: `encodePreference`.
 */
export function encodeRow(example: Example, context: EncodingContext): EncodedRow {
  if (!Number.isFinite(example.weight)) {
    throw inputError('bad-row-weight', `The row's weight is ${example.weight}.`, 'Give it a finite number as weight.');
  }
  switch (example.kind) {
    case 'tokens':
      return encodeTokens(example, context.maxLength);
    case 'text':
      return finish(encodeText(example.text, context.tokenizer), example.weight, context.maxLength);
    case 'completion':
      return finish(
        encodeCompletion(example.prompt, example.completion, context.tokenizer),
        example.weight,
        context.maxLength,
      );
    case 'segments':
      return finish(encodeSegments(example.segments, context.tokenizer), example.weight, context.maxLength);
    case 'chat':
      return finish(encodeChat(example, context), example.weight, context.maxLength);
    case 'preference':
      throw internalError('a preference row has two encodings; use encodePreference');
  }
}

/** Everything is trained; like TRL, a text that does not end in the end token gets one. */
function encodeText(text: string, tokenizer: Tokenizer): LabelledText {
  const full = withEnd(text, tokenizer);
  return { text: full, encoding: tokenizer.encodeWithSpecial(full), trained: () => true };
}

/**
 * Joined raw, with an end token. Like TRL, the completion begins at the first token that differs from the prompt's own
 * tokens, so that a token which reaches across the border is trained.
 */
function encodeCompletion(prompt: string, completion: string, tokenizer: Tokenizer): LabelledText {
  const text = prompt + withEnd(completion, tokenizer);
  const encoding = tokenizer.encodeWithSpecial(text);
  const alone = tokenizer.encodeWithSpecial(prompt).ids;
  let common = 0;
  while (common < alone.length && common < encoding.ids.length && alone[common] === encoding.ids[common]) common += 1;
  return { text, encoding, trained: (token) => token >= common };
}

function withEnd(text: string, tokenizer: Tokenizer): string {
  const { eos } = tokenizer.special;
  const end = eos === undefined ? '' : tokenizer.show(eos);
  return text.endsWith(end) ? text : text + end;
}

/** Like Axolotl's input_output rows: each segment by itself, nothing added. */
function encodeSegments(
  segments: readonly { readonly text: string; readonly train: boolean }[],
  tokenizer: Tokenizer,
): LabelledText {
  const ids: number[] = [];
  const offsets: number[] = [];
  const trained: boolean[] = [];
  let text = '';
  for (const segment of segments) {
    const encoding = tokenizer.encode(segment.text);
    for (const id of encoding.ids) {
      ids.push(id);
      trained.push(segment.train);
    }
    for (const offset of encoding.offsets) offsets.push(text.length + offset);
    text += segment.text;
  }
  const encoding = { ids: Int32Array.from(ids), offsets: Int32Array.from(offsets) };
  return { text, encoding, trained: (token) => trained[token]! };
}

/** A token is trained where its first character is; a token that stands for no character is not. */
function encodeChat(example: Extract<Example, { kind: 'chat' }>, context: EncodingContext): LabelledText {
  const { tokenizer, template } = context;
  if (template === undefined) {
    throw inputError(
      'chat-template-missing',
      'The row is a conversation, but the model has no chat template.',
      'Put the chat_template.jinja that the model is to be trained with into its folder.',
    );
  }
  const { text, encoding, trained } = findChatSpans(example.messages, example.tools, { template, tokenizer });
  const marked = new Uint8Array(text.length);
  for (const { start, end } of trained) marked.fill(1, start, end);
  const { offsets } = encoding;
  return {
    text,
    encoding,
    trained: (token) => offsets[2 * token + 1]! > offsets[2 * token]! && marked[offsets[2 * token]!] === 1,
  };
}

function finish({ text, encoding, trained }: LabelledText, weight: number, maxLength: number): EncodedRow {
  const labels = encoding.ids.map((id, token) => (token > 0 && trained(token) ? id : untrained));
  return cut({ ids: encoding.ids, labels, offsets: encoding.offsets, text, weight }, maxLength);
}

/** Ids and labels as the row gives them; a label at position 0 trains nothing. */
function encodeTokens(example: Extract<Example, { kind: 'tokens' }>, maxLength: number): EncodedRow {
  if (example.ids.length !== example.labels.length) {
    throw inputError(
      'bad-token-row',
      `The row has ${example.ids.length} input_ids and ${example.labels.length} labels.`,
      'Give every id one label (-100 where it is not trained).',
    );
  }
  const ids = Int32Array.from(example.ids, (id) => checkId(id, 'input_ids'));
  const labels = Int32Array.from(example.labels, (label) => (label === untrained ? label : checkId(label, 'labels')));
  if (labels.length > 0) labels[0] = untrained;
  const offsets = new Int32Array(2 * ids.length);
  return cut({ ids, labels, offsets, text: '', weight: example.weight }, maxLength);
}

function checkId(id: number, field: string): number {
  if (Number.isInteger(id) && id >= 0 && id < 2 ** 31) return id;
  throw inputError(
    'bad-token-row',
    `The row's ${field} hold ${String(id)}, which is no token id.`,
    'Give token ids as whole numbers from 0 (and -100 for labels that are not trained).',
  );
}

function cut(row: Omit<EncodedRow, 'encodingHash' | 'truncated'>, maxLength: number): EncodedRow {
  if (!Number.isInteger(maxLength) || maxLength < 1) throw internalError(`maxLength is ${maxLength}`);
  const length = Math.min(row.ids.length, maxLength);
  const [ids, labels] = [row.ids.slice(0, length), row.labels.slice(0, length)];
  return {
    ids,
    labels,
    offsets: row.offsets.slice(0, 2 * length),
    text: row.text,
    weight: row.weight,
    encodingHash: hashEncoding(ids, labels, row.weight),
    truncated: row.ids.length - length,
  };
}

/** SHA-256 (hex) of the little-endian bytes: length (uint32), ids (int32), labels (int32), weight (float64). */
export function hashEncoding(ids: Int32Array, labels: Int32Array, weight: number): string {
  const view = new DataView(new ArrayBuffer(4 + 8 * ids.length + 8));
  view.setUint32(0, ids.length, true);
  for (const [t, id] of ids.entries()) view.setInt32(4 + 4 * t, id, true);
  for (const [t, label] of labels.entries()) view.setInt32(4 + 4 * (ids.length + t), label, true);
  view.setFloat64(4 + 8 * ids.length, weight, true);
  return createHash('sha256').update(view).digest('hex');
}
