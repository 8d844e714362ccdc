import type { Command } from 'commander';
import { addGlobalFlags, collect, type GlobalFlags, wholeNumber } from '../globalFlags';

export interface StoreFlags extends GlobalFlags {
  readonly clean?: readonly string[];
  readonly days: number;
  readonly dryRun?: true;
}

/** `whence store`: what `.whence/` and the user-level cache hold, and their clean-up. */
export function addStore(program: Command): void {
  const command = program
    .command('store')
    .description('What .whence/ and the user cache hold, with sizes and last use; removes what you name.')
    .option(
      '--clean <what>',
      'remove a kind (index, weights, …), "unused" or "all"; may be repeated. The lineage goes only by its name',
      collect,
    )
    .option('--days <n>', 'what was not used for so many days counts as unused', wholeNumber(0, 36_500), 30)
    .option('--dry-run', 'say what would be removed and remove nothing');
  addGlobalFlags(command, 'also write the list to this .json, .csv or .parquet file')
    .addHelpText(
      'after',
      `
Examples:
  whence store
  whence store --clean unused --dry-run
  whence store --clean index --clean weights --yes`,
    )
    .action(async (flags: StoreFlags) => (await import('../run/store')).runStore(flags));
}
