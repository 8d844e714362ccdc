import { type Command, InvalidArgumentError, Option } from 'commander';
import { pruneDefaults } from '../../jobs/pruneDefaults';
import {
  type PruningScore,
  type PruningTarget,
  type PruningThreshold,
  pruningScores,
  pruningTargets,
  pruningThresholds,
} from '../../protocol/pruning';
import { addGlobalFlags, collect, decimalNumber, type GlobalFlags, wholeNumber } from '../globalFlags';

export interface ProposeFlags extends GlobalFlags {
  readonly model?: string;
  readonly adapter?: string;
  readonly base?: string;
  readonly realign: readonly string[];
  readonly harmful?: string;
  readonly benign: string;
  readonly tests: string;
  readonly tag?: readonly string[];
  readonly alpha: readonly number[];
  readonly target: PruningTarget;
  readonly score: PruningScore;
  readonly threshold: PruningThreshold;
  readonly modules?: readonly string[];
  readonly scales: readonly number[];
  readonly controls: number;
  readonly randomDraws: number;
  readonly accuracyLoss: number;
  readonly refusal: string;
  readonly compliance: string;
  readonly raw?: true;
  readonly maxTokens: number;
  readonly batchSize: number;
  readonly maxLength: number;
  readonly seed: number;
  readonly resamples: number;
  readonly store?: string;
  readonly storeBudget: number;
  readonly dryRun?: true;
}

export interface ApplyFlags extends GlobalFlags {
  readonly proposal: string;
  readonly alpha?: number;
  readonly model?: string;
  readonly adapter?: string;
  readonly base?: string;
  readonly realign?: readonly string[];
  readonly store?: string;
  readonly storeBudget: number;
}

export interface UndoFlags extends GlobalFlags {
  readonly applied: string;
}

export type ExplainFlags = UndoFlags;

/** A comma-separated list of numbers in a range, ascending, each once. */
function numbers(least: number, most: number): (text: string) => readonly number[] {
  return (text) => {
    const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (!values.every((value) => value >= least && value <= most))
      throw new InvalidArgumentError(`Give numbers from ${least} to ${most}, separated by commas.`);
    return [...new Set(values)].sort((a, b) => a - b);
  };
}

/** `whence prune`: propose, apply, undo, explain. */
export function addPrune(program: Command): void {
  const prune = program
    .command('prune')
    .description(
      'Propose weights of a fine-tune to set to zero, measured beside the cheap alternatives; apply, explain and undo it.',
    );
  addPropose(prune);
  addApply(prune);
  addUndo(prune);
  addExplain(prune);
}

function addStoreFlags(command: Command): Command {
  return command
    .option('--store <dir>', 'folder that keeps what was computed (default: .whence beside whence.json)')
    .option('--store-budget <GB>', 'size of the store at most, in gigabytes', decimalNumber(0, 1e6), 5);
}

function addPropose(prune: Command): void {
  const command = prune
    .command('propose')
    .description(
      'Masks over a grid of shares: harmful score, task accuracy, drift, benign text, beside random masks, magnitude and scaling. Changes nothing.',
    )
    .requiredOption(
      '--realign <name|file>',
      'rows of harmful prompts with answers that the mask is computed on; may be repeated',
      collect,
    )
    .requiredOption('--benign <file>', 'prompts that deserve an answer, with or without one')
    .requiredOption(
      '--tests <file>',
      'what the model must still do: behaviour tests, or rows whose answer must come back exactly',
    )
    .option(
      '--harmful <file>',
      'harmful prompts that are not in --realign (default: a third of the realign rows is held back)',
    )
    .option('--tag <tag>', 'only tests with this tag; may be repeated: with any of them', collect)
    .optionsGroup('Model:')
    .option('--model <name|path>', "the fine-tuned model (default: the workspace's)")
    .option('--adapter <dir>', 'PEFT adapter on top of the model')
    .option('--base <name|path>', 'the model that a full fine-tune came from (default: what whence.json says)')
    .optionsGroup('Mask:')
    .option('--alpha <shares>', 'shares to try, separated by commas', numbers(1e-6, 1), pruneDefaults.alphas)
    .addOption(
      new Option('--target <what>', "the adapter's A and B, the merged difference tuned - base, or the tuned weights")
        .choices(pruningTargets)
        .default('adapter'),
    )
    .addOption(
      new Option('--score <which>', 'what an entry counts for; wanda is that of Antidote')
        .choices(pruningScores)
        .default('wanda'),
    )
    .addOption(
      new Option(
        '--threshold <unit>',
        'what the share is a share of; auto: of each output row where all ranks are 64 or more, else of each module',
      )
        .choices(pruningThresholds)
        .default('auto'),
    )
    .option(
      '--modules <names>',
      'endings or paths of modules, separated by commas (default: all that the adapter has)',
      (text) => text.split(',').filter((name) => name !== ''),
    )
    .optionsGroup('Measuring:')
    .option(
      '--scales <factors>',
      'factors on the fine-tune tried beside the masks; 0 always is',
      numbers(0, 0.999_999),
      pruneDefaults.scales,
    )
    .option(
      '--controls <n>',
      'points of the curve that get random and magnitude masks too',
      wholeNumber(0, 200),
      pruneDefaults.controls,
    )
    .option('--random-draws <n>', 'random masks at each of them', wholeNumber(0, 50), pruneDefaults.randomDraws)
    .option(
      '--accuracy-loss <share>',
      'task accuracy that a recommended mask may cost',
      decimalNumber(0, 1),
      pruneDefaults.accuracyLoss,
    )
    .option('--refusal <text>', 'likelihoods: a refusal, where the base model gives none', pruneDefaults.refusal)
    .option(
      '--compliance <text>',
      'likelihoods: a compliance, where the fine-tuned model gives none',
      pruneDefaults.compliance,
    )
    .option('--raw', 'continue text prompts as they are, without the chat template')
    .option('--max-tokens <n>', 'new tokens of an answer at most', wholeNumber(1, 100_000), pruneDefaults.maxTokens)
    .option('--batch-size <n>', 'prompts that are answered together', wholeNumber(1, 4096), pruneDefaults.batchSize)
    .option('--max-length <n>', 'tokens of a realign row at most', wholeNumber(2, 1_048_576), pruneDefaults.maxLength)
    .option('--seed <n>', 'of random masks and intervals', wholeNumber(0, 2 ** 31), pruneDefaults.seed)
    .option('--resamples <n>', 'of the bootstrap', wholeNumber(100, 100_000), pruneDefaults.resamples)
    .option('--dry-run', 'distinct masks, realised shares and what measuring them would take; measures nothing');
  addGlobalFlags(
    addStoreFlags(command),
    'also write the proposal to this .json (apply reads it), or its curve to a .csv or .parquet file',
  )
    .addHelpText(
      'after',
      `
States of the model are kept in .whence/ one by one: a command that was stopped, run again, goes on from there.

Examples:
  whence prune propose --realign eval/realign.jsonl --harmful eval/unseen-harmful.jsonl \\
    --benign eval/benign.jsonl --tests eval/in-domain.jsonl --out proposal.json
  whence prune propose --realign realign.jsonl --benign benign.jsonl --tests tests.jsonl --target delta --dry-run`,
    )
    .action(async (flags: ProposeFlags) => (await import('../run/prunePropose')).runPropose(flags));
}

function addApply(prune: Command): void {
  const command = prune
    .command('apply')
    .description('Write the pruned adapter or model into a new folder, with a record. The original stays as it is.')
    .requiredOption('--proposal <file.json>', 'what propose wrote with --out')
    .option('--alpha <share>', "one of the proposal's shares (default: the recommended one)", decimalNumber(0, 1))
    .option('--model <name|path>', 'where the model is now (default: where the proposal found it)')
    .option('--adapter <dir>', 'where the adapter is now')
    .option('--base <name|path>', 'where the base of a full fine-tune is now')
    .option('--realign <name|file>', 'where the realign rows are now; may be repeated', collect);
  addGlobalFlags(addStoreFlags(command), 'new folder for the result (required)')
    .addHelpText(
      'after',
      `
Examples:
  whence prune apply --proposal proposal.json --out models/tuned-pruned
  whence prune apply --proposal proposal.json --alpha 0.2 --out models/tuned-pruned`,
    )
    .action(async (flags: ApplyFlags) => (await import('../run/pruneApply')).runApply(flags));
}

function addUndo(prune: Command): void {
  const command = prune
    .command('undo')
    .description(
      'Delete what apply wrote, after checking that nothing in it was changed and that the original is there.',
    )
    .requiredOption('--applied <dir>', 'the folder that apply wrote');
  addGlobalFlags(command, 'instead of deleting, write the adapter as it was before into this new folder')
    .addHelpText(
      'after',
      `
Examples:
  whence prune undo --applied models/tuned-pruned
  whence prune undo --applied models/tuned-pruned --out models/tuned-as-before`,
    )
    .action(async (flags: UndoFlags) => (await import('../run/pruneUndo')).runUndo(flags));
}

function addExplain(prune: Command): void {
  const command = prune
    .command('explain')
    .description('What was pruned in a folder that apply wrote, why, on which rows, and what it measured.')
    .requiredOption('--applied <dir>', 'the folder that apply wrote');
  addGlobalFlags(command, 'also write the record to this .json file')
    .addHelpText('after', '\nExamples:\n  whence prune explain --applied models/tuned-pruned')
    .action(async (flags: ExplainFlags) => (await import('../run/pruneExplain')).runExplain(flags));
}
