import type { JsonObject, JsonValue } from '../../protocol/json';
import { own } from '../own';
import type { Message, Schema } from '../types';
import { RowFault, type RowFields, wrongType } from './fault';
import { readHistory } from './instruction';
import { readMessage, readMessages, turn } from './messages';

interface Preference {
  readonly kind: 'preference';
  readonly prompt: string | readonly Message[];
  readonly chosen: string | readonly Message[];
  readonly rejected: string | readonly Message[];
}

/** `{prompt?, chosen, rejected}`, each a text or a list of turns; `{instruction, input, chosen, rejected}`. */
export function stringOrTurnPreference(fields: RowFields, schema: Schema): Preference {
  const chosen = fields.value('chosen');
  const rejected = fields.value('rejected');
  if (Array.isArray(chosen) || Array.isArray(rejected)) return turnPreference(fields, schema);
  const better = fields.text('chosen');
  const worse = fields.text('rejected');
  const asked = fields.value('instruction') === undefined ? 'prompt' : 'instruction';
  if (fields.value(asked) === undefined) {
    const shared = sharedTextLength(better, worse);
    return {
      kind: 'preference',
      prompt: better.slice(0, shared),
      chosen: better.slice(shared),
      rejected: worse.slice(shared),
    };
  }
  const system = fields.optionalText('system');
  const isTurns = Array.isArray(fields.value('prompt'));
  // Bare texts stay texts, joined raw as TRL does; a system text or an instruction makes them turns.
  if (asked === 'prompt' && !isTurns && (system === undefined || system === '')) {
    return { kind: 'preference', prompt: fields.text('prompt'), chosen: better, rejected: worse };
  }
  const input = asked === 'instruction' ? (fields.optionalText('input') ?? '') : '';
  const history = asked === 'instruction' ? readHistory(fields) : [];
  const join = schema.prompt.kind === 'turns' ? schema.prompt.join : '\n\n';
  const question =
    asked === 'prompt' && isTurns
      ? readMessages(fields.list('prompt'), fields.spelled('prompt'), schema)
      : [turn('user', [fields.text(asked), input].filter((text) => text !== '').join(join))];
  const prompt = [
    ...(system === undefined || system === '' ? [] : [turn('system', system)]),
    ...history.flatMap(([earlier, answer]) => [turn('user', earlier), turn('assistant', answer)]),
    ...question,
  ];
  return { kind: 'preference', prompt, chosen: [turn('assistant', better)], rejected: [turn('assistant', worse)] };
}

/** Lists of turns: with a prompt of its own, or the turns that both lists begin with (TRL's implicit prompt). */
function turnPreference(fields: RowFields, schema: Schema): Preference {
  const chosen = readMessages(fields.list('chosen'), fields.spelled('chosen'), schema);
  const rejected = readMessages(fields.list('rejected'), fields.spelled('rejected'), schema);
  let shared = 0;
  while (shared < Math.min(chosen.length, rejected.length) - 1 && isSameTurn(chosen[shared]!, rejected[shared]!))
    shared++;
  const given = fields.value('prompt');
  const stated = Array.isArray(given)
    ? readMessages(given as readonly JsonValue[], fields.spelled('prompt'), schema)
    : given === undefined || shared > 0
      ? []
      : [turn('user', fields.text('prompt'))];
  const repeated = stated.every((message, index) => index < shared && isSameTurn(message, chosen[index]!));
  const prompt = repeated ? chosen.slice(0, shared) : [...stated, ...chosen.slice(0, shared)];
  return { kind: 'preference', prompt, chosen: chosen.slice(shared), rejected: rejected.slice(shared) };
}

function isSameTurn(a: Message, b: Message): boolean {
  return a.role === b.role && a.content === b.content && JSON.stringify(a.extra) === JSON.stringify(b.extra);
}

/** Length of the text that both begin with; a space before the first difference belongs to the answers (TRL). */
function sharedTextLength(a: string, b: string): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length++;
  return length > 0 && a[length - 1] === ' ' ? length - 1 : length;
}

/** ShareGPT or OpenAI turns with `chosen` and `rejected` turns beside them (LLaMA-Factory). */
export function chatPreference(fields: RowFields, schema: Schema): Preference {
  const read = readMessages(fields.list('messages'), fields.spelled('messages'), schema);
  const system = fields.optionalText('system');
  const prompt =
    system === undefined || system === '' || read[0]!.role === 'system' ? read : [turn('system', system), ...read];
  const answer = (field: string) => {
    const value = fields.value(field);
    if (value === undefined) throw wrongType(fields.spelled(field), 'a turn', value);
    return [readMessage(value, fields.spelled(field), schema)];
  };
  return { kind: 'preference', prompt, chosen: answer('chosen'), rejected: answer('rejected') };
}

/** OpenAI: `{input: {messages}, preferred_output, non_preferred_output}`. */
export function openAiPreference(fields: RowFields, schema: Schema): Preference {
  const place = fields.spelled('input');
  const input = fields.value('input');
  const messages =
    typeof input === 'object' && !Array.isArray(input) ? own(input as JsonObject, 'messages') : undefined;
  if (!Array.isArray(messages)) throw wrongType(`${place}.messages`, 'a list', messages);
  return {
    kind: 'preference',
    prompt: readMessages(messages as readonly JsonValue[], `${place}.messages`, schema),
    chosen: readMessages(fields.list('chosen'), fields.spelled('chosen'), schema),
    rejected: readMessages(fields.list('rejected'), fields.spelled('rejected'), schema),
  };
}

/** `{prompt, answers: [{answer, rank}]}`: the answer of the lowest rank (1 is best) against that of the highest. */
export function rankedAnswers(fields: RowFields, schema: Schema): Preference {
  const place = fields.spelled('answers');
  const answers = fields.list('answers').map((item, index) => {
    const at = `${place}[${index}]`;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw wrongType(at, 'an object', item);
    const answer = own(item as JsonObject, 'answer');
    const rank = own(item as JsonObject, 'rank');
    if (typeof answer !== 'string') throw wrongType(`${at}.answer`, 'a text', answer);
    if (typeof rank !== 'number') throw wrongType(`${at}.rank`, 'a number', rank);
    return { answer, rank };
  });
  const best = answers.reduce((a, b) => (b.rank < a.rank ? b : a), answers[0]!);
  const worst = answers.reduce((a, b) => (b.rank > a.rank ? b : a), answers[0]!);
  if (answers.length < 2 || best.rank === worst.rank) {
    throw new RowFault('no-ranking', `${place} has no two answers of different rank.`, 'Rank them or delete the row.');
  }
  if (!Array.isArray(fields.value('prompt'))) {
    return { kind: 'preference', prompt: fields.text('prompt'), chosen: best.answer, rejected: worst.answer };
  }
  const prompt = readMessages(fields.list('prompt'), fields.spelled('prompt'), schema);
  return {
    kind: 'preference',
    prompt,
    chosen: [turn('assistant', best.answer)],
    rejected: [turn('assistant', worst.answer)],
  };
}
