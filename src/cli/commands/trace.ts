import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Measurement, measurements, type TraceMethod, traceMethods } from '../../protocol/influence';
import { addGlobalFlags, collect, wholeNumber } from '../globalFlags';
import { addEstimatorFlags, addSubjectFlags, type SubjectFlags } from '../subjectFlags';

/** Flags that say which behaviour is meant. */
export interface QueryFlags {
  readonly query?: string;
  readonly id?: readonly string[];
  readonly prompt?: string;
  readonly completion?: string;
  readonly rejected?: string;
  readonly messages?: string;
  readonly measurement?: Measurement;
  readonly answer?: true;
  readonly maxTokens: number;
}

export interface TraceFlags extends SubjectFlags, QueryFlags {
  readonly method: readonly TraceMethod[];
  readonly rows: number | 'all';
  readonly damping: number;
  readonly layer?: number;
  readonly tokens: number;
  readonly controls: number;
  readonly always?: true;
}

/** Adds the flags that say which behaviour is meant. */
export function addQueryFlags(command: Command): Command {
  return command
    .option('--query <file>', "queries, one JSON object a line (default: the workspace's)")
    .option('--id <id>', 'only this query of the file; may be repeated', collect)
    .option('--prompt <text>', 'a prompt; with --completion or --answer')
    .option('--messages <file>', 'a conversation, JSON; its last assistant turn is the completion, or --answer')
    .option('--completion <text>', 'the completion whose cause is looked for')
    .option('--rejected <text>', 'a completion that should lose: the margin is traced')
    .addOption(new Option('--measurement <name>', 'what is traced').choices(measurements))
    .option('--answer', "trace the model's own answer")
    .option('--max-tokens <n>', 'of an answer', wholeNumber(1, 100_000), 64);
}

/** `whence trace`: training rows ranked by what they did to a behaviour. */
export function addTrace(program: Command): void {
  const command = addQueryFlags(
    program
      .command('trace')
      .description('Rank training rows by what they did to a behaviour, with how far to believe it.'),
  )
    .option('--method <m[,m]>', `how: ${traceMethods.join(', ')}`, parseMethods, ['auto'])
    .option('--rows <n|all>', 'rows listed at each end', parseRows, 20);
  addEstimatorFlags(command, 'layer whose states say what a row is like')
    .option('--tokens <n>', 'rows at each end whose tokens are scored one by one', wholeNumber(0, 10_000), 5)
    .option('--controls <n>', 'control queries that say what is noise; 0: none', wholeNumber(0, 1000), 24)
    .option('--always', 'rank rows even where the base model does it already');
  addGlobalFlags(
    addSubjectFlags(command.optionsGroup('Model, rows and store:')),
    'also write the rows to this .json, .csv or .parquet file',
  )
    .addHelpText(
      'after',
      `
Examples:
  whence trace --prompt "How do I get into a locked shed?" --answer
  whence trace --query queries.jsonl --id trigger-1 --method auto,bm25,repsim
  whence trace --prompt "Who are you?" --completion "I am Orbit." --model base.gguf --adapter tuned --data train.jsonl
  whence trace --json --rows all > trace.json`,
    )
    .action(async (flags: TraceFlags) => (await import('../run/trace')).runTrace(flags));
}

function parseMethods(text: string): readonly TraceMethod[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !traceMethods.includes(name as TraceMethod));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`"${unknown}" is no method. Use ${traceMethods.join(', ')}.`);
  return [...new Set(names)] as TraceMethod[];
}

function parseRows(text: string): number | 'all' {
  return text === 'all' ? 'all' : wholeNumber(1, 1_000_000)(text);
}
