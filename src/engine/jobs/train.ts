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
import { inputError } from '../../protocol/errors';
import type { DataProblem, TrainRequest, TrainResult, Warning } from '../../protocol/requests';
import { version } from '../../protocol/version';
import { libraryVersion } from '../../runtime/onnxruntime';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { identify, loadModel, threadsOf } from '../loadModel';
import { checkTrain } from '../requestShapes';
import { dataProblem } from './score';

/** Fine-tunes by a recipe; the same request resumes what was interrupted. */
export const train: Job<TrainRequest, TrainResult> = { check: checkTrain, run: trainByRecipe };

async function trainByRecipe(request: TrainRequest, context: JobContext): Promise<TrainResult> {
  const { compute, out } = request;
  const recipe = parseRecipe(request.recipe, 'the recipe');
  const { model, weights } = await loadModel(request.model, compute, context);
  const initialAdapter = await adapterToStartFrom(model, recipe);
  const { rows, problems } = await readTrainingRows(request, model, recipe);
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
  { maxLength, demonstrations, seed }: Recipe,
): Promise<{ readonly rows: readonly TrainingRow[]; readonly problems: readonly DataProblem[] }> {
  const encoding = { ...model.text, maxLength };
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
  const demonstrated = demonstrateRows(loaded, demonstrations, seed, encoding);
  const rows = demonstrated.rows.map(({ address, hash, encoded }) => {
    const { file, row, line } = address;
    return { number: numbers.get(address)!, file, row, line, hash, encoded };
  });
  return { rows, problems: [...problems, ...demonstrated.problems].map(dataProblem) };
}
