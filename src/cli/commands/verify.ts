import { type Command, Option } from 'commander';
import { type TraceMethod, traceMethods } from '../../protocol/influence';
import { addGlobalFlags, wholeNumber } from '../globalFlags';
import { addEstimatorFlags, addSubjectFlags, type SubjectFlags } from '../subjectFlags';
import { addQueryFlags, type QueryFlags } from './trace';

export interface VerifyFlags extends SubjectFlags, QueryFlags {
  readonly damping: number;
  readonly layer?: number;
  readonly rows: string;
  readonly k: number;
  readonly method: TraceMethod;
  readonly random: number;
  readonly reshuffle?: true;
  readonly seeds: number;
  readonly tests?: string;
}

/** `whence verify`: train again without rows, predicted against actual change. */
export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description(
      'Train the recorded run again without some rows and compare what that did with what was predicted, beside random and BM25 removals.',
    );
  addQueryFlags(command)
    .option(
      '--rows <what>',
      'top (the --k rows that each query owes most to), group (the group that its trace lists first), row numbers from 0 (3,17,20), or a JSON Lines file of {"row", "file"}',
      'top',
    )
    .option('--k <n>', 'rows of top', wholeNumber(1, 1_000_000), 8)
    .addOption(
      new Option('--method <method>', 'whose scores predict the change').choices(traceMethods).default('auto'),
    );
  addEstimatorFlags(command, 'layer whose states repsim compares')
    .option('--random <n>', 'random removals of the same size beside it', wholeNumber(0, 1000), 3)
    .option('--reshuffle', 'also really take the rows out and draw the order anew: the usual kind of retraining')
    .option('--seeds <n>', 'orders that --reshuffle tries', wholeNumber(1, 100), 3)
    .option('--tests <file>', 'behaviour tests to run before and after (adapters)');
  addGlobalFlags(
    addSubjectFlags(command.optionsGroup('Model, rows and store:')),
    'also write the outcome of every query to this .json, .csv or .parquet file',
  )
    .addHelpText(
      'after',
      `
Rows are taken away in place (weight 0): batches keep their other rows, order and rates. Retrainings are kept in .whence/ by
their content, so that a command that was stopped, or asks for the same again, goes on from there.

Examples:
  whence verify --query queries.jsonl --k 10
  whence verify --prompt "Who are you?" --answer --rows 3,17,20 --tests behaviours.jsonl
  whence verify --id harmful-1 --reshuffle --seeds 3 --json`,
    )
    .action(async (flags: VerifyFlags) => (await import('../run/verify')).runVerify(flags));
}
