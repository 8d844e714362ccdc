import type { Command } from 'commander';
import { addGlobalFlags, type GlobalFlags } from '../globalFlags';

export interface DoctorFlags extends GlobalFlags {
  readonly model?: string;
  readonly adapter?: string;
}

/** `whence doctor`: what this machine can do, and what a given model would need. */
export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('Devices with their speed and agreement with the CPU, memory, limits; what a given model would need.')
    .option('--model <name|path>', 'a model whose needs are to be told')
    .option('--adapter <dir>', 'PEFT adapter');
  addGlobalFlags(command, 'also write the result document to this .json file')
    .addHelpText('after', '\nExamples:\n  whence doctor\n  whence doctor --model models/base --json')
    .action(async (flags: DoctorFlags) => (await import('../run/doctor')).runDoctor(flags));
}
