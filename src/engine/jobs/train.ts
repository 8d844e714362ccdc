import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';

import { type LoadedRow, loadRows } from '../../analyses/rows/loadRows';
import { demonstrateRows } from '../../analyses/training/demonstrateRows';

import { defaultCheckpointBudget, train as runTraining } from '../../analyses/training/train';
import type { TrainingRow } from '../../analyses/training/trainingRow';
import { parseRecipe, type Recipe } from '../../data/recipe';
import type { RowAddress, RowProblem } from '../../data/types';
import { readLoraAdapter } from '../../model/checkpoint/lora/readLoraAdapter';
import type { LoraAdapter } from '../../model/checkpoint/types';
import type { LanguageModel } from '../../model/openLanguageModel';
import { parameterShapes } from '../../model/parameterShapes';
import { inputError, type UserError } from '../../protocol/errors';
import type { DataProblem, TrainRequest, TrainResult, Warning } from '../../protocol/requests';
import { version } from '../../protocol/version';
import { libraryVersion } from '../../runtime/onnxruntime';
import { threadsOf } from '../deviceVerdicts';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { identify, loadModel, rowContext } from '../loadModel';
import { checkTrain } from '../requestShapes';
import { dataProblem } from './score';

/** Fine-tunes by a recipe; the same request resumes what was interrupted. */
export const train: Job<TrainRequest, TrainResult> = { check: checkTrain, run: trainByRecipe };

async function trainByRecipe(request: TrainRequest, context: JobContext): Promise<TrainResult> {
  const { compute, out } = request;
  const recipe = parseRecipe(request.recipe, 'the recipe');
  refuseInsideModel(request, recipe);
  const { model, weights } = await loadModel(request.model, compute, context);
  const initialAdapter = await adapterToStartFrom(model, recipe);
  const { rows, problems } = await readTrainingRows(request, model, recipe);
  if (rows.length === 0) throw nothingToTrain(request, problems);
  const { device } = await context.device(compute);
  const identity = await identify(model, compute);
  const outcome = await runTraining(
    {
      model: {
        checkpoint: model.checkpoint,
        config: model.config,
        weights,
        hash: identity.hash,
        reference: request.reference,
      },
      rows,
      recipe,
      initialAdapter,
      out,
      device,
      threads: threadsOf(compute),
      versions: { whence: version, onnxruntime: await libraryVersion() },
      checkpointBudget: defaultCheckpointBudget,
      announceMemory: (memory) => context.announceMemory(memory),
    },
    ({ step, totalSteps }) => {
      context.event({ kind: 'trainStep', step });
      const note = `loss ${step.loss.toFixed(4)}`;
      context.progress({ stage: 'training', done: step.step, total: totalSteps, unit: 'steps', note });
    },
  );
  const resumed: Warning[] =
    outcome.resumedAt === 0
      ? []
      : [{ code: 'resumed', message: `Steps 1 to ${outcome.resumedAt} had been done by an earlier run.` }];
  return {
    out: outcome.out,
    run: outcome.run,
    steps: outcome.steps,
    problems,
    warnings: [...model.warnings, ...resumed],
  };
}

function nothingToTrain({ data }: TrainRequest, problems: readonly DataProblem[]): UserError {
  const files = data.map(({ label }) => label).join(', ');
  const first = problems[0];
  const why = first === undefined ? '' : ` ${first.message}`;
  const next = first?.next ?? 'Give a data file with rows.';
  return inputError('nothing-to-train', `No row of ${files} can be trained on.${why}`, next);
}

/** The result never lies in a folder that the run reads: a model stays as it was. */
function refuseInsideModel({ model, out }: TrainRequest, { lora }: Recipe): void {
  const init = lora === null || lora.init === 'peft' ? undefined : lora.init;
  for (const source of [model.path, model.adapter, init]) {
    if (source === undefined) continue;
    const steps = path.relative(realPath(source), realPath(out));
    if (steps.startsWith('..') || path.isAbsolute(steps)) continue;
    throw inputError(
      'out-in-model',
      `--out ${out} lies in the model folder ${source}.`,
      'Name a folder beside it, for example with another name in the folder above.',
    );
  }
}

/** With the links of its existing part resolved. */
function realPath(place: string): string {
  const resolved = path.resolve(place);
  if (existsSync(resolved)) return realpathSync(resolved);
  const above = path.dirname(resolved);
  return above === resolved ? resolved : path.join(realPath(above), path.basename(resolved));
}

/** The adapter named by `lora.init`, or the one given beside the model; a full fine-tune starts from none. */
async function adapterToStartFrom(model: LanguageModel, recipe: Recipe): Promise<LoraAdapter | undefined> {
  if (recipe.lora === null) {
    if (model.adapter === undefined) return undefined;
    throw inputError(
      'full-with-adapter',
      `A full fine-tune cannot start from ${model.adapter.folder}: its weights are apart from the base's.`,
      'Merge the adapter into its base with peft (merge_and_unload), or use "method": "lora".',
    );
  }
  if (recipe.lora.init === 'peft') return undefined;
  return readLoraAdapter(path.resolve(recipe.lora.init), parameterShapes(model.config));
}

async function readTrainingRows(
  { data }: TrainRequest,
  model: LanguageModel,
  { maxLength, demonstrations, seed, batches }: Recipe,
): Promise<{ readonly rows: readonly TrainingRow[]; readonly problems: readonly DataProblem[] }> {
  const encoding = rowContext(model, maxLength);
  const loaded: LoadedRow[] = [];
  const problems: RowProblem[] = [];
  /** Over all files, malformed rows counted. */
  const numbers = new Map<RowAddress, number>();
  let first = 0;
  for (const source of data) {
    let rowsOfFile = 0;
    for await (const batch of loadRows(source, encoding)) {
      loaded.push(...batch.rows);
      problems.push(...batch.problems);
      for (const { address } of batch.rows) numbers.set(address, first + address.row);
      for (const { address } of [...batch.rows, ...batch.problems]) rowsOfFile = Math.max(rowsOfFile, address.row + 1);
    }
    first += rowsOfFile;
  }
  refuseUnknownRows(batches, first);
  const demonstrated = demonstrateRows(loaded, demonstrations, seed, encoding);
  const rows = demonstrated.rows.map(({ address, hash, encoded }) => {
    const { file, row, line } = address;
    return { number: numbers.get(address)!, file, row, line, hash, encoded };
  });
  return { rows, problems: [...problems, ...demonstrated.problems].map(dataProblem) };
}

/** Explicit batches name rows of the data; those that are malformed or have nothing to train on drop out later. */
function refuseUnknownRows(batches: Recipe['batches'], rowCount: number): void {
  for (const [index, batch] of (batches ?? []).entries()) {
    const unknown = batch.find((row) => row >= rowCount);
    if (unknown === undefined) continue;
    throw inputError(
      'row-out-of-range',
      `batches[${index}] of the recipe names row ${unknown}; the data has ${rowCount} rows, 0 to ${rowCount - 1}.`,
      'Correct the batch, or give the data file that the batches were recorded on.',
    );
  }
}
