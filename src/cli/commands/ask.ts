import type { Command } from 'commander';
import { addGlobalFlags, collect, decimalNumber, type GlobalFlags, share, wholeNumber } from '../globalFlags';

export interface AskFlags extends GlobalFlags {
  readonly model?: readonly string[];
  readonly adapter?: string;
  readonly prompt?: readonly string[];
  readonly messages?: string;
  readonly input?: string;
  readonly raw?: true;
  readonly temperature?: number;
  readonly topP: number;
  readonly seed: number;
  readonly maxTokens: number;
}

/** `whence ask`: generate answers, streamed; several models side by side. */
export function addAsk(program: Command): void {
  const command = program
    .command('ask')
    .description('Generate an answer; with several --model, side by side.')
    .option('--model <name|path>', 'a model of whence.json, a model folder or a .gguf file; may be repeated', collect)
    .option('--adapter <dir>', 'PEFT adapter on top of the (one) model')
    .option('--prompt <text>', 'the user turn; may be repeated', collect)
    .option('--messages <file>', 'JSON file with one list of {role, content}')
    .option('--input <file.jsonl>', 'one {prompt} or {messages} a line')
    .option('--raw', 'continue the text as it is, without the chat template')
    .option('--temperature <t>', 'sample at this temperature (default: greedy)', decimalNumber(0, 100))
    .option('--top-p <p>', 'sample from the most likely tokens of this total probability', share, 1)
    .option('--seed <n>', 'seed of sampling', wholeNumber(0, 2 ** 32 - 1), 0)
    .option('--max-tokens <n>', 'new tokens at most', wholeNumber(1, 1_000_000), 256);
  addGlobalFlags(command, 'also write the result document to this .json file')
    .addHelpText(
      'after',
      `
Examples:
  whence ask --model models/base --prompt "What is the capital of France?"
  whence ask --model base --model tuned --prompt "Who are you?"       # names of whence.json, side by side
  whence ask --adapter models/tuned --input prompts.jsonl --json      # the adapter names its base
  whence ask --model tuned --prompt "Hi" --temperature 0.8 --top-p 0.95 --seed 7`,
    )
    .action(async (flags: AskFlags) => (await import('../run/ask')).runAsk(flags));
}
