import { type Command, InvalidArgumentError } from 'commander';
import { addGlobalFlags } from '../globalFlags';
import { addSubjectFlags, type SubjectFlags } from '../subjectFlags';

export interface IndexFlags extends SubjectFlags {
  readonly shard?: { readonly part: number; readonly of: number };
  readonly merge?: true;
}

/** `whence index`: gradients of every row, kept in the store; only what is missing is computed. */
export function addIndex(program: Command): void {
  const command = addSubjectFlags(
    program
      .command('index')
      .description(
        'Compute the gradients of every training row once; traces then read them. Only what is missing is computed.',
      ),
  )
    .option('--shard <i/n>', 'compute part i of n only, i from 0 (for several processes or machines)', parseShard)
    .option('--merge', 'compute nothing: check that all parts are there');
  addGlobalFlags(command, 'also write the result to this .json file')
    .addHelpText(
      'after',
      `
Examples:
  whence index
  whence index --model models/base --adapter models/tuned --data train.jsonl
  whence index --shard 0/4 --store /shared/store
  whence index --merge --store /shared/store`,
    )
    .action(async (flags: IndexFlags) => (await import('../run/index')).runIndex(flags));
}

function parseShard(text: string): { readonly part: number; readonly of: number } {
  const [, part, of] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [];
  if (part === undefined || Number(part) >= Number(of))
    throw new InvalidArgumentError('Give i/n with i from 0 to n - 1, for example 0/4.');
  return { part: Number(part), of: Number(of) };
}
