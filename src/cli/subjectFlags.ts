import { type Command, Option } from 'commander';
import type { RowsChoices, SubjectChoices } from '../jobs/resolveSubject';
import { trackedChoices } from '../protocol/influence';
import { collect, decimalNumber, type GlobalFlags, wholeNumber } from './globalFlags';

/** Flags that say which model, which rows, and where results are kept. */
export interface RowsFlags extends GlobalFlags, RowsChoices {}

/** Flags of every command that traces behaviours to rows. */
export interface SubjectFlags extends GlobalFlags, SubjectChoices {}

/** Adds what says which model. */
export function addModelFlags(command: Command): Command {
  return command
    .option('--model <name|path>', "the fine-tuned model (default: the workspace's)")
    .option('--adapter <dir>', 'PEFT adapter on top of the model')
    .option(
      '--base <name|path>',
      'the model it came from (default: what whence.json says; the model without its adapter)',
    );
}

/** Adds how rows go through the model. @param seedUse what is drawn by the seed */
export function addPassFlags(command: Command, longest: string, seedUse: string): Command {
  return command
    .option('--max-length <n>', `tokens of a row at most (default: ${longest})`, wholeNumber(2, 1_048_576))
    .option('--batch-size <n>', 'rows of one pass (default: as many as fit into about 1 GB)', wholeNumber(1, 4096))
    .option('--seed <n>', seedUse, wholeNumber(0, 2 ** 31), 0);
}

/** Adds where results are kept. */
export function addStoreFlags(command: Command): Command {
  return command
    .option('--store <dir>', 'folder that keeps what was computed (default: .whence beside whence.json)')
    .option('--store-budget <GB>', 'size of the store at most, in gigabytes', decimalNumber(0, 1e6), 5);
}

/** Adds what says which model, which rows, and where results are kept. */
export function addSubjectFlags(command: Command): Command {
  addModelFlags(command)
    .option('--run <dir>', 'folder of the recorded run, whence-run (default: what whence.json says)')
    .option('--data <name|file>', "the rows it was trained on; may be repeated (default: the workspace's)", collect)
    .addOption(
      new Option('--modules <which>', 'parameters looked at; default: the adapter, else all linear layers but the head')
        .choices(trackedChoices)
        .default('default'),
    );
  addPassFlags(command, "the run's, else 2048", 'of sampled labels, projections, drops and intervals').addOption(
    new Option('--element <type>', 'how gradients are kept').choices(['float16', 'float32']).default('float16'),
  );
  return addStoreFlags(command);
}

/** Adds the settings of estimators. @param layerUse what the layer's states are for */
export function addEstimatorFlags(command: Command, layerUse: string): Command {
  return command
    .option(
      '--damping <x>',
      'of the curvature, relative to its mean eigenvalue in each module',
      decimalNumber(1e-9, 1e6),
      0.1,
    )
    .option('--layer <n>', `${layerUse} (default: a quarter, half and three quarters up)`, wholeNumber(0, 10_000));
}
