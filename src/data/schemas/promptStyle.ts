import type { Message, PromptStyle } from '../types';
import { turn } from './messages';

/** What an instruction row asks and answers, whatever its fields are called. */
export interface Instruction {
  readonly system: string | undefined;
  readonly instruction: string;
  /** Empty where there is none. */
  readonly input: string;
  readonly output: string;
  /** Earlier questions and answers; the answers are trained too. */
  readonly history: readonly (readonly [string, string])[];
}

export type PlainStyle = Extract<PromptStyle, { kind: 'plain' }>;

/** Instruction, a blank line, the input: how an instruction row is shown to a chat model. */
export const blankLineTurns: PromptStyle = { kind: 'turns', join: '\n\n' };

/** LLaMA-Factory joins instruction and input by one line end. */
export const newlineTurns: PromptStyle = { kind: 'turns', join: '\n' };

/**
 * The prompt of Stanford Alpaca, as Axolotl's `type: alpaca` writes it (with a line end after `### Response:`). It is the
 * rule for instruction rows on a model without a chat template.
 */
export const alpacaPlain: PlainStyle = {
  kind: 'plain',
  withInput: '{system}\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n',
  withoutInput: '{system}\n\n### Instruction:\n{instruction}\n\n### Response:\n',
  systemWithInput:
    'Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.',
  systemWithoutInput:
    'Below is an instruction that describes a task. Write a response that appropriately completes the request.',
};

/** The row as chat turns: system, history, question, answer. */
export function instructionTurns(row: Instruction, join: string): Message[] {
  const question = [row.instruction, row.input].filter((text) => text !== '').join(join);
  return [
    ...(row.system === undefined || row.system === '' ? [] : [turn('system', row.system)]),
    ...row.history.flatMap(([asked, answered]) => [turn('user', asked), turn('assistant', answered)]),
    turn('user', question),
    turn('assistant', row.output),
  ];
}

export interface Segment {
  readonly text: string;
  readonly train: boolean;
}

/** The row as plain text: prompt and answer in turn; earlier answers are followed by a blank line. */
export function plainSegments(row: Instruction, style: PlainStyle): Segment[] {
  const segments: Segment[] = [];
  for (const [index, [asked, answered]] of row.history.entries()) {
    segments.push({ text: prompt(asked, '', index === 0 ? 'first' : 'later'), train: false });
    segments.push({ text: `${answered}\n\n`, train: true });
  }
  segments.push({
    text: prompt(row.instruction, row.input, row.history.length === 0 ? 'first' : 'later'),
    train: false,
  });
  segments.push({ text: row.output, train: true });
  return segments;

  function prompt(instruction: string, input: string, turnOrder: 'first' | 'later'): string {
    const template = input === '' ? style.withoutInput : style.withInput;
    const standard = input === '' ? style.systemWithoutInput : style.systemWithInput;
    const values: Readonly<Record<string, string>> = {
      instruction,
      input,
      system: turnOrder === 'later' ? '' : row.system || standard,
    };
    const text = turnOrder === 'later' ? template.replace(/^\{system\}\s*/, '') : template;
    return text.replace(/\{(instruction|input|system)\}/g, (_, name: string) => values[name]!);
  }
}
