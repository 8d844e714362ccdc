import type { Command } from 'commander';
import { addGlobalFlags, type GlobalFlags, wholeNumber } from '../globalFlags';

export interface LineageFlags extends GlobalFlags {
  readonly last: number;
}

/** `whence lineage`: what was run on what, by whom, with which result; checks that nobody has changed the record. */
export function addLineage(program: Command): void {
  const command = program
    .command('lineage')
    .description('What was run on what, by whom, with which result; checks the hash chain (exit code 1 if broken).')
    .option('--last <n>', 'print this many of the latest entries', wholeNumber(1, 1_000_000), 50);
  addGlobalFlags(command, 'also write all entries to this .json, .csv or .parquet file')
    .addHelpText('after', '\nExamples:\n  whence lineage\n  whence lineage --last 1000 --json')
    .action(async (flags: LineageFlags) => (await import('../run/lineage')).runLineage(flags));
}
