import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Evaluation, evaluations } from '../../protocol/verification';
import { addGlobalFlags, share, wholeNumber } from '../globalFlags';
import { addEstimatorFlags, addSubjectFlags, type SubjectFlags } from '../subjectFlags';
import { addQueryFlags, type QueryFlags } from './trace';

export interface EvaluateFlags extends SubjectFlags, QueryFlags {
  readonly damping: number;
  readonly layer?: number;
  readonly methods: string;
  readonly scores: readonly string[];
  readonly budget: number;
  readonly protocol: 'leave-1-percent-out' | 'half';
  readonly share: number;
  readonly truth?: string;
  readonly kinds?: string;
  readonly k?: number;
  readonly resamples: number;
}

/** `whence evaluate`: how far scores can be believed. */
export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('How far scores can be believed: against known rows, or against what retraining without rows does.')
    .argument(
      '<what>',
      'planted: do scores find known rows (AUROC, recall, MRR); lds: do they predict what leaving random rows out does; qld: how much does taking their top rows away move each query',
      evaluationNamed,
    );
  addQueryFlags(command)
    .option(
      '--methods <a,b,…>',
      'methods to compare; the first ones are paired with the others',
      'ekfac,graddot,repsim,bm25',
    )
    .option(
      '--scores <name=file>',
      "another tool's scores, compared as one more method; may be repeated",
      (given: string, before: readonly string[]) => [...before, given],
      [],
    )
    .option('--budget <n>', 'retrainings: drops of lds, random removals of qld', wholeNumber(1, 100_000), 40)
    .addOption(
      new Option('--protocol <name>', 'lds: what a drop leaves out; the two are not comparable')
        .choices(['leave-1-percent-out', 'half'])
        .default('leave-1-percent-out'),
    )
    .option('--share <x>', 'qld: share of the rows that is taken away', share, 0.01)
    .option('--truth <file>', 'planted: what every row is, {"row", "kind"} lines')
    .option('--kinds <file>', 'planted: JSON object, query id to the kind of rows it should find')
    .option(
      '--k <n>',
      'planted: of recall (default: as many as there are rows of the kind)',
      wholeNumber(1, 1_000_000),
    );
  addEstimatorFlags(command, 'layer whose states repsim compares').option(
    '--resamples <n>',
    'bootstrap draws of the intervals',
    wholeNumber(100, 100_000),
    2000,
  );
  addGlobalFlags(
    addSubjectFlags(command.optionsGroup('Model, rows and store:')),
    'also write the figures of every method and query to this .json, .csv or .parquet file',
  )
    .addHelpText(
      'after',
      `
Intervals are of 95 %. lds and qld train the recorded run again, rows taken away in place; retrainings are kept in .whence/ by
their content, so that more methods, or more budget, cost only what is new.

Examples:
  whence evaluate planted --truth truth.jsonl --kinds kinds.json --methods auto,repsim,bm25
  whence evaluate lds --budget 100 --methods ekfac,graddot,bm25
  whence evaluate qld --budget 8 --id harmful-1 --id trigger-1
  whence evaluate lds --methods ekfac,bm25 --scores other=other-scores.json`,
    )
    .action(async (what: Evaluation, flags: EvaluateFlags) =>
      (await import('../run/evaluate')).runEvaluate(what, flags),
    );
}

function evaluationNamed(name: string): Evaluation {
  const known = evaluations.find((evaluation) => evaluation === name);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(`Use one of ${evaluations.join(', ')}.`);
}
