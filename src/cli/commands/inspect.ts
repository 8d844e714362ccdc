import type { Command } from 'commander';
import { addGlobalFlags, collect, type GlobalFlags } from '../globalFlags';

export interface InspectFlags extends GlobalFlags {
  readonly model?: string;
  readonly adapter?: string;
  readonly data?: readonly string[];
}

/** `whence inspect`: what a model or a data file is. */
export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description(
      'What a model is (architecture, parameters, template) or what a data file holds (schema, rows, problems).',
    )
    .option('--model <name|path>', 'a model of whence.json, a model folder or a .gguf file')
    .option('--adapter <dir>', 'PEFT adapter')
    .option('--data <name|file>', 'data of whence.json or a file; may be repeated', collect);
  addGlobalFlags(command, 'also write the result document to this .json file')
    .addHelpText(
      'after',
      `
With both --model and --data, trained tokens of every row are counted with the model's tokenizer.

Examples:
  whence inspect --model model.gguf
  whence inspect --model models/base --adapter models/tuned
  whence inspect --data train.jsonl --json`,
    )
    .action(async (flags: InspectFlags) => (await import('../run/inspect')).runInspect(flags));
}
