import type { Example, Message } from '../../data/types';

/** What a person reads of a row, prompt and answer, without template marks or default turns. Tokenized rows have none. */
export function plainText(example: Example): string {
  switch (example.kind) {
    case 'text':
      return example.text;
    case 'segments':
      return example.segments.map(({ text }) => text).join('');
    case 'completion':
      return `${example.prompt}\n${example.completion}`;
    case 'chat':
      return contents(example.messages);
    case 'tokens':
      return '';
    case 'preference':
      return [example.prompt, example.chosen]
        .map((part) => (typeof part === 'string' ? part : contents(part)))
        .join('\n');
  }
}

function contents(messages: readonly Message[]): string {
  return messages.map(({ content }) => content).join('\n');
}
