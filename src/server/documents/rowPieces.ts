import { own } from '../../data/own';
import { isProblems, toExample } from '../../data/schemas/toExample';
import type { Example, Message, Role, Row, Schema } from '../../data/types';
import type { JsonObject, JsonValue } from '../../protocol/json';
import type { JsonPlace, TextRange } from './jsonPlaces';

/** What a piece is called where people read it. */
export type PieceRole = Role | 'text' | 'prompt' | 'completion' | 'step' | 'rejected';

/** A text of a row that training reads, in reading order. */
export interface RowPiece {
  /** In the row's value. */
  readonly place: JsonPlace;
  readonly role: PieceRole;
  readonly text: string;
  /** Ascending ranges of `text` that are trained by the schema's rule. */
  readonly trained: readonly TextRange[];
  /** Where it stands in what is encoded: in a turn's content, or in the text; undefined: not told, or not encoded. */
  readonly encoded: { readonly message: number | undefined; readonly offset: number } | undefined;
}

/** What a row means and the texts it is made of. */
export interface ReadRow {
  readonly example: Example;
  readonly pieces: readonly RowPiece[];
}

/** The texts of a row; undefined where the row does not fit the schema. */
export function readRowPieces(row: Row, schema: Schema): ReadRow | undefined {
  const example = toExample(row, schema);
  if (isProblems(example)) return undefined;
  return { example: example as Example, pieces: piecesOf(row.value, schema, example as Example) };
}

function piecesOf(value: JsonObject, schema: Schema, example: Example): RowPiece[] {
  const name = (field: string) => (own(schema.fields, field) as string | undefined) ?? field;
  const read = (field: string): JsonValue | undefined =>
    Object.hasOwn(schema.fields, field) ? own(value, name(field)) : undefined;
  const textPiece = (field: string, role: PieceRole, rest: Pick<RowPiece, 'trained' | 'encoded'>): RowPiece[] => {
    const text = read(field);
    return typeof text === 'string' && text !== '' ? [{ place: [name(field)], role, text, ...rest }] : [];
  };

  switch (example.kind) {
    case 'tokens':
      return [];
    case 'preference':
      return preferencePieces();
    case 'segments':
      return instructionOr(() =>
        segmentList().map(({ place, role, text, train, offset }) => ({
          place,
          role,
          text,
          trained: train ? whole(text) : [],
          encoded: { message: undefined, offset },
        })),
      );
    case 'text':
      return instructionOr(() =>
        read('text') !== undefined
          ? textPiece('text', 'text', trainedAt(example.text, 0))
          : rawPair(whole(String(read('prompt') ?? ''))),
      );
    case 'completion':
      return instructionOr(() => rawPair([]));
    case 'chat':
      return instructionOr(() => chatPieces(example.messages));
  }

  function rawPair(promptTrained: readonly TextRange[]): RowPiece[] {
    const prompt = String(read('prompt') ?? '');
    const completion = String(read('completion') ?? '');
    return [
      ...textPiece('prompt', 'prompt', { trained: promptTrained, encoded: { message: undefined, offset: 0 } }),
      ...textPiece('completion', 'completion', trainedAt(completion, prompt.length)),
    ];
  }

  function segmentList() {
    const steps = read('completions');
    if (Array.isArray(steps)) {
      const prompt = String(read('prompt') ?? '');
      let offset = prompt.length;
      const rest = steps.map((step: JsonValue, index) => {
        const text = String(step);
        const at = offset + 1;
        offset = at + text.length;
        return { place: [name('completions'), index], role: 'step' as const, text, train: true, offset: at };
      });
      return [{ place: [name('prompt')], role: 'prompt' as const, text: prompt, train: false, offset: 0 }, ...rest];
    }
    const list = read('segments');
    if (!Array.isArray(list) || example.kind !== 'segments') return [];
    let offset = 0;
    return example.segments.map(({ text, train }, index) => {
      const at = offset;
      offset += text.length;
      return { place: [name('segments'), index, 'text'], role: 'text' as const, text, train, offset: at };
    });
  }

  /** Rows of instruction and output have fields for turns, whatever they are encoded as. */
  function instructionOr(otherwise: () => RowPiece[]): RowPiece[] {
    const output = read('output');
    if (read('instruction') === undefined || typeof output !== 'string') return otherwise();
    const messages = example.kind === 'chat' ? example.messages : undefined;
    const pieces: RowPiece[] = [];
    let message = 0;
    const place = (offset: number) => (messages === undefined ? undefined : { message, offset });
    const trainedTurn = (role: Role, isLast: 'last' | 'earlier'): boolean => {
      if (schema.train === 'trainer') return role === 'assistant';
      return schema.train === 'last' ? isLast === 'last' : schema.train.includes(role);
    };
    const add = (at: JsonPlace, role: Role, text: string, offset: number, isLast: 'last' | 'earlier'): void => {
      if (text === '') return;
      pieces.push({
        place: at,
        role,
        text,
        trained: trainedTurn(role, isLast) ? whole(text) : [],
        encoded: place(offset),
      });
    };
    const system = read('system');
    if (typeof system === 'string' && system !== '') {
      add([name('system')], 'system', system, 0, 'earlier');
      message++;
    }
    const history = read('history');
    for (const [index, pair] of (Array.isArray(history) ? (history as readonly JsonValue[]) : []).entries()) {
      const [asked, answered] = pair as readonly string[];
      add([name('history'), index, 0], 'user', asked!, 0, 'earlier');
      message++;
      add([name('history'), index, 1], 'assistant', answered!, 0, 'earlier');
      message++;
    }
    const instruction = String(read('instruction'));
    const input = read('input');
    const join = schema.prompt.kind === 'turns' ? schema.prompt.join.length : 0;
    add([name('instruction')], 'user', instruction, 0, 'earlier');
    if (typeof input === 'string') {
      add([name('input')], 'user', input, instruction === '' ? 0 : instruction.length + join, 'earlier');
    }
    message++;
    add([name('output')], 'assistant', output, 0, 'last');
    return pieces;
  }

  function chatPieces(messages: readonly Message[]): RowPiece[] {
    const prompt = read('prompt');
    const completion = read('completion');
    if (Array.isArray(prompt) && Array.isArray(completion)) {
      return [
        ...turnPieces([name('prompt')], prompt, messages, 0),
        ...turnPieces([name('completion')], completion, messages, prompt.length),
      ];
    }
    const list = read('messages');
    if (!Array.isArray(list)) return [];
    const added = messages.length - list.length;
    const system = added > 0 ? textPiece('system', 'system', { trained: [], encoded: { message: 0, offset: 0 } }) : [];
    return [...system, ...turnPieces([name('messages')], list, messages, added)];
  }

  function preferencePieces(): RowPiece[] {
    if (example.kind !== 'preference') return [];
    const asked = Object.hasOwn(schema.fields, 'instruction')
      ? ['system', 'instruction', 'input']
      : ['system', 'prompt'];
    const prompt = asked.flatMap((field) =>
      textPiece(field, field === 'system' ? 'system' : 'user', { trained: [], encoded: undefined }),
    );
    return [
      ...prompt,
      ...promptTurns(),
      ...answerPieces('chosen', example.chosen),
      ...answerPieces('rejected', example.rejected),
    ];

    function promptTurns(): RowPiece[] {
      const wrapped = read('input');
      const nested =
        typeof wrapped === 'object' && wrapped !== null ? own(wrapped as JsonObject, 'messages') : undefined;
      const list = nested ?? read('messages') ?? read('prompt');
      if (!Array.isArray(list)) return [];
      const place =
        nested !== undefined
          ? [name('input'), 'messages']
          : [name(read('messages') === undefined ? 'prompt' : 'messages')];
      return turnPieces(place, list, undefined, 0);
    }

    function answerPieces(field: 'chosen' | 'rejected', answer: string | readonly Message[]): RowPiece[] {
      const found = read(field);
      const role = field === 'chosen' ? 'completion' : 'rejected';
      if (typeof found === 'string') {
        const text = typeof answer === 'string' ? answer : (answer[0]?.content ?? '');
        const begin = found.length - text.length;
        const trained: readonly TextRange[] = field === 'chosen' && begin < found.length ? [[begin, found.length]] : [];
        return found === '' ? [] : [{ place: [name(field)], role, text: found, trained, encoded: undefined }];
      }
      if (Array.isArray(found)) {
        const shared = found.length - answer.length;
        const pieces = turnPieces([name(field)], found, undefined, 0);
        return pieces.map((piece) => {
          const isAnswer = Number(piece.place[1]) >= shared;
          const isTrained = isAnswer && field === 'chosen' && piece.role === 'assistant';
          return {
            ...piece,
            role: field === 'rejected' && isAnswer ? 'rejected' : piece.role,
            trained: isTrained ? whole(piece.text) : [],
          };
        });
      }
      if (typeof found === 'object' && found !== null) {
        return turnPieces([name(field)], [found], undefined, 0, 'single').map((piece) => ({
          ...piece,
          role: field === 'rejected' ? ('rejected' as const) : piece.role,
          trained: field === 'chosen' ? whole(piece.text) : [],
        }));
      }
      return rankedPieces(field, answer);
    }

    function rankedPieces(field: 'chosen' | 'rejected', answer: string | readonly Message[]): RowPiece[] {
      const list = read('answers');
      const text = typeof answer === 'string' ? answer : (answer[0]?.content ?? '');
      if (!Array.isArray(list)) return [];
      const index = list.findIndex((item: JsonValue) => own(item as JsonObject, 'answer') === text);
      if (index === -1 || text === '') return [];
      const place = [name('answers'), index, 'answer'];
      const role = field === 'chosen' ? 'completion' : 'rejected';
      return [{ place, role, text, trained: field === 'chosen' ? whole(text) : [], encoded: undefined }];
    }
  }

  /** Turns as the file lists them; `messages[added + i]` is what turn i was read as. */
  function turnPieces(
    place: JsonPlace,
    list: readonly JsonValue[],
    messages: readonly Message[] | undefined,
    added: number,
    shape: 'list' | 'single' = 'list',
  ): RowPiece[] {
    return list.flatMap((item, index) => {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) return [];
      const turn = item as JsonObject;
      const message = messages?.[added + index];
      const contentKey = own(schema.fields, 'content') ?? (Object.hasOwn(turn, 'content') ? 'content' : 'value');
      const spelled = own(
        turn,
        (own(schema.fields, 'role') as string) ?? (Object.hasOwn(turn, 'role') ? 'role' : 'from'),
      );
      const known = typeof spelled === 'string' ? own(schema.roles, spelled) : undefined;
      const role: Role =
        message?.role ?? (known === undefined || known === 'functionCall' ? 'assistant' : (known as Role));
      const key = String(contentKey);
      const at: JsonPlace = shape === 'single' ? [...place, key] : [...place, index, key];
      const content = own(turn, key);
      const trained = message === undefined ? [] : trainedRanges(message);
      if (typeof content === 'string') {
        // A call that stands in the content as JSON is read as a tool call, and trained as a whole.
        const moved = message !== undefined && message.content === '' && content !== '';
        const ranges = moved && trained.length > 0 ? whole(content) : trained;
        const encoded = message === undefined || moved ? undefined : { message: added + index, offset: 0 };
        return content === '' ? [] : [{ place: at, role, text: content, trained: ranges, encoded }];
      }
      if (!Array.isArray(content)) return [];
      let offset = 0;
      return content.flatMap((part: JsonValue, partIndex): RowPiece[] => {
        const text = partText(part);
        if (text === undefined) return [];
        const begin = offset;
        offset += text.value.length;
        if (text.value === '') return [];
        return [
          {
            place: [...at, partIndex, ...text.place],
            role,
            text: text.value,
            trained: cut(trained, begin, offset),
            encoded: message === undefined ? undefined : { message: added + index, offset: begin },
          },
        ];
      });
    });
  }
}

function partText(part: JsonValue): { readonly value: string; readonly place: JsonPlace } | undefined {
  if (typeof part === 'string') return { value: part, place: [] };
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return undefined;
  for (const key of ['text', 'value']) {
    const text = own(part as JsonObject, key);
    if (typeof text === 'string') return { value: text, place: [key] };
  }
  return undefined;
}

/** What of a turn's content is trained: what the turn says of itself, else assistant turns. */
function trainedRanges({ role, content, train, trainSpans }: Message): readonly TextRange[] {
  if (train === false || content === '') return train === false ? [] : role === 'assistant' ? [[0, 0]] : [];
  if (trainSpans !== undefined) {
    return trainSpans
      .filter((span) => span.train && span.end > span.begin)
      .map(({ begin, end }): TextRange => [begin, end])
      .sort((a, b) => a[0] - b[0]);
  }
  return train === true || role === 'assistant' ? whole(content) : [];
}

function trainedAt(text: string, offset: number): Pick<RowPiece, 'trained' | 'encoded'> {
  return { trained: whole(text), encoded: { message: undefined, offset } };
}

function whole(text: string): readonly TextRange[] {
  return text === '' ? [] : [[0, text.length]];
}

/** Ranges within [begin, end), counted from `begin`. */
function cut(ranges: readonly TextRange[], begin: number, end: number): TextRange[] {
  return ranges
    .map(([from, to]): TextRange => [Math.max(from, begin) - begin, Math.min(to, end) - begin])
    .filter(([from, to]) => from < to);
}
