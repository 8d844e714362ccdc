/** Preference rows: the chosen and the rejected answer, each as a row of its own whose prompt is not trained. */
import type { Example, Message } from '../../data/types';
import type { EncodedRow, EncodingContext } from '../types';
import { encodeRow } from './encodeRow';

type Preference = Extract<Example, { kind: 'preference' }>;

export interface EncodedPreference {
  readonly chosen: EncodedRow;
  readonly rejected: EncodedRow;
}

/** Throws a UserError as `encodeRow` does. */
export function encodePreference(example: Preference, context: EncodingContext): EncodedPreference {
  const encode = (answer: string | readonly Message[]) => encodeRow(answerRow(example, answer), context);
  return { chosen: encode(example.chosen), rejected: encode(example.rejected) };
}

/** Strings are joined raw; as soon as one part is a list of messages, the row is a conversation. */
function answerRow({ prompt, weight }: Preference, answer: string | readonly Message[]): Example {
  if (typeof prompt === 'string' && typeof answer === 'string') {
    return { kind: 'completion', prompt, completion: answer, weight };
  }
  const asked = turns(prompt, 'user').map((message): Message => ({ ...message, train: false }));
  const answered = turns(answer, 'assistant');
  // Some data sets repeat the prompt in both answers; then the last assistant turn alone is the answer.
  const repeats = asked.length === 0;
  const last = answered.findLastIndex(({ role }) => role === 'assistant');
  const rest = repeats ? answered.map((message, i) => (i === last ? message : { ...message, train: false })) : answered;
  return { kind: 'chat', messages: [...asked, ...rest], tools: undefined, weight };
}

function turns(part: string | readonly Message[], role: 'user' | 'assistant'): readonly Message[] {
  if (typeof part !== 'string') return part;
  if (part === '') return [];
  return [{ role, content: part, extra: {}, train: undefined, trainSpans: undefined }];
}
