import type { Example, Message } from '../../data/types';

/** What is asked and what is answered, as a person reads it. */
export interface ExampleParts {
  readonly prompt: string;
  /** The last trained turn; undefined: the row has text alone. */
  readonly answer: string | undefined;
}

/** Splits a row where its last answer begins. Tokenized rows have no text. */
export function exampleParts(example: Example): ExampleParts {
  switch (example.kind) {
    case 'text':
      return { prompt: example.text, answer: undefined };
    case 'completion':
      return { prompt: example.prompt, answer: example.completion };
    case 'segments': {
      const last = example.segments.findLastIndex(({ train }) => train);
      const text = (from: number, to: number): string =>
        example.segments
          .slice(from, to)
          .map((segment) => segment.text)
          .join('');
      return last <= 0
        ? { prompt: text(0, example.segments.length), answer: undefined }
        : { prompt: text(0, last), answer: text(last, last + 1) };
    }
    case 'chat':
      return lastTurn(example.messages);
    case 'preference': {
      const { chosen } = example;
      if (typeof chosen === 'string') return { prompt: textOf(example.prompt), answer: chosen };
      const { prompt, answer } = lastTurn(chosen);
      return { prompt: [textOf(example.prompt), prompt].filter((part) => part !== '').join('\n'), answer };
    }
    case 'tokens':
      return { prompt: '', answer: undefined };
  }
}

function lastTurn(messages: readonly Message[]): ExampleParts {
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  if (last < 0) return { prompt: textOf(messages), answer: undefined };
  return { prompt: textOf(messages.slice(0, last)), answer: messages[last]!.content };
}

function textOf(part: string | readonly Message[]): string {
  return typeof part === 'string' ? part : part.map(({ content }) => content).join('\n');
}
