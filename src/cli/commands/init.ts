import type { Command } from 'commander';
import { addGlobalFlags, type GlobalFlags } from '../globalFlags';

export interface InitFlags extends GlobalFlags {
  readonly dryRun?: true;
}

/** `whence init`: write whence.json from what is in the folder. */
export function addInit(program: Command): void {
  const command = program
    .command('init')
    .description(
      'Write whence.json from what is in the folder: models, adapters and their bases, data files, recorded runs.',
    )
    .option('--dry-run', 'print what would be written and write nothing');
  addGlobalFlags(command, 'write to this file instead of whence.json')
    .addHelpText('after', '\nExamples:\n  whence init\n  whence init --workspace projects/assistant --dry-run')
    .action(async (flags: InitFlags) => (await import('../run/init')).runInit(flags));
}
