import type { Command } from 'commander';
import { addGlobalFlags, collect, type GlobalFlags, wholeNumber } from '../globalFlags';

export interface ScoreFlags extends GlobalFlags {
  readonly model?: string;
  readonly adapter?: string;
  readonly data?: readonly string[];
  readonly tokens?: true;
  readonly maxLength: number;
  readonly batchSize: number;
}

/** `whence score`: loss of every row, of every token with --tokens. */
export function addScore(program: Command): void {
  const command = program
    .command('score')
    .description('Loss, perplexity and trained tokens of every row: what the model finds surprising.')
    .option('--model <name|path>', "a model of whence.json, a model folder or a .gguf file (default: the workspace's)")
    .option('--adapter <dir>', 'PEFT adapter on top of the model')
    .option('--data <name|file>', "data of whence.json or a file; may be repeated (default: the workspace's)", collect)
    .option('--tokens', 'the loss of every token as well')
    .option(
      '--max-length <n>',
      'tokens of a row at most; longer rows are cut on the right',
      wholeNumber(2, 1_048_576),
      1024,
    )
    .option('--batch-size <n>', 'rows of one forward pass', wholeNumber(1, 4096), 8);
  addGlobalFlags(command, 'also write the rows to this .json, .csv or .parquet file')
    .addHelpText(
      'after',
      `
Examples:
  whence score --model models/base --data train.jsonl
  whence score --model tuned --data train --tokens --json > scores.json
  whence score --data heldout --out scores.parquet`,
    )
    .action(async (flags: ScoreFlags) => (await import('../run/score')).runScore(flags));
}
