import { type Command, InvalidArgumentError, Option } from 'commander';
import { type DeviceChoice, deviceNames } from '../protocol/requests';

/** Flags every command takes. */
export interface GlobalFlags {
  readonly workspace?: string;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly json?: true;
  readonly out?: string;
  readonly quiet?: true;
  readonly yes?: true;
  readonly progress?: true;
}

/** Parses a whole number in [least, most]; anything else is a usage error that names the range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** Parses a number in [least, most]. */
export function decimalNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
    return value;
  };
}

/** Parses a share of a whole: a number above 0, at most 1. */
export function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('Give a number above 0, at most 1.');
  return value;
}

/** Collects a flag that may be given several times. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

/** Adds the flags of every command, in one group of the help text. `out` says what `--out` means for this command. */
export function addGlobalFlags(command: Command, out: string): Command {
  return command
    .optionsGroup('Global flags:')
    .option('--workspace <dir>', 'folder whose whence.json counts (default: looked for upward from here)')
    .addOption(
      new Option('--device <name>', 'where to compute (default: whence.json, else auto)').choices([
        'auto',
        ...deviceNames,
      ]),
    )
    .option('--threads <n>', 'CPU threads (default: all cores)', wholeNumber(1, 1024))
    .option('--json', 'one JSON document on stdout, errors as JSON on stderr')
    .option('--out <path>', out)
    .option('--quiet', 'no progress, no notes')
    .option('--progress', 'show progress even with --json')
    .option('--yes', 'answer yes to every question');
}
