import path from 'node:path';
import { dataLimits } from '../../data/limits';
import { readRecipe } from '../../data/recipe';
import { resolveData, resolveModel } from '../../jobs/resolveSources';
import { inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { TrainRequest, TrainStep } from '../../protocol/requests';
import { openCommandContext } from '../commandContext';
import type { TrainFlags } from '../commands/train';
import { formatTable } from '../printTable';
import { recordInWorkspace } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems } from '../writeOutput';

/** Steps that are listed for people. */
const listedSteps = 12;

/** Trains by a recipe. What the recipe names is relative to the recipe's folder. */
export async function runTrain(flags: TrainFlags): Promise<void> {
  if (flags.out === undefined) {
    throw inputError(
      'out-missing',
      'No folder for the result is named.',
      'Give --out with a new folder, for example --out models/tuned.',
    );
  }
  const context = await openCommandContext(flags);
  const recipe = await readRecipe(flags.recipe, dataLimits);
  const folder = path.dirname(path.resolve(flags.recipe));
  const fromRecipe = (named: string, names: ReadonlyMap<string, unknown> | undefined): string =>
    names?.has(named) ? named : path.resolve(folder, named);
  const modelName =
    flags.model ?? (recipe.model === null ? undefined : fromRecipe(recipe.model, context.workspace?.models));
  const model = baseOf(resolveModel(modelName, undefined, context));
  const data =
    flags.data ??
    (recipe.data.length === 0 ? undefined : recipe.data.map((name) => fromRecipe(name, context.workspace?.data)));
  const request: TrainRequest = {
    kind: 'train',
    compute: context.compute,
    model,
    data: resolveData(data, context),
    recipe: withAdapter(recipe as unknown as JsonObject, flags.adapter, folder),
    reference: referenceOf(model.path!),
    out: path.resolve(flags.out),
  };
  const { result, device, seconds, memory } = await runJob(request, flags, ignore);
  // As the user wrote it: what works as --out works in the next command too.
  const out = path.normalize(flags.out);
  const run = path.join(out, path.relative(result.out, result.run));
  const document = { schema: 'whence.train/1', device: device?.device, seconds, memory, ...result, out, run };
  await recordInWorkspace(
    context,
    'train',
    [{ label: flags.recipe, path: path.resolve(flags.recipe) }, ...request.data],
    { model: model.label, out, recipe: request.recipe },
    { seconds, steps: result.steps.length, loss: result.steps.at(-1)?.loss ?? null },
  );
  if (flags.json) {
    printJson(document);
    return;
  }
  printSteps(result.steps);
  process.stdout.write(`\n${out} holds the result, ${run} the recorded run.\n`);
  if (flags.quiet) return;
  printProblems(result.problems, result.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

function ignore(): void {
  // Steps are part of the result.
}

/** Training starts from the base; an adapter to go on from is named by --adapter or the recipe. */
function baseOf(source: ReturnType<typeof resolveModel>): TrainRequest['model'] {
  if (source.path === undefined)
    throw inputError('model-missing', `${source.label} has no base model of its own.`, 'Give --model with the base.');
  return { label: source.label, path: source.path, adapter: undefined };
}

/** Paths below the working folder stay relative, so that the folder can be moved as a whole. */
function referenceOf(model: string): string {
  const relative = path.relative('.', model);
  return relative.startsWith('..') || path.isAbsolute(relative) ? model : relative;
}

function withAdapter(recipe: JsonObject, adapter: string | undefined, folder: string): JsonObject {
  const lora = recipe.lora as JsonObject | null;
  if (lora === null) {
    if (adapter === undefined) return recipe;
    throw inputError(
      'full-with-adapter',
      'A full fine-tune cannot start from an adapter.',
      'Use "method": "lora", or merge the adapter into its base.',
    );
  }
  if (adapter !== undefined) return { ...recipe, lora: { ...lora, init: path.resolve(adapter) } };
  const init = lora.init as string;
  return init === 'peft' ? recipe : { ...recipe, lora: { ...lora, init: path.resolve(folder, init) } };
}

function printSteps(steps: readonly TrainStep[]): void {
  const every = Math.max(1, Math.ceil(steps.length / listedSteps));
  const shown = steps.filter(({ step }) => step === 1 || step === steps.length || step % every === 0);
  process.stdout.write(
    formatTable(
      [
        { title: 'step', align: 'right', cell: ({ step }) => `${step}` },
        { title: 'rate', align: 'right', cell: ({ lr }) => lr.toPrecision(3) },
        { title: 'loss', align: 'right', cell: ({ loss }) => loss.toFixed(4) },
        { title: 'gradient norm', align: 'right', cell: ({ gradNorm }) => gradNorm.toPrecision(4) },
      ],
      shown,
    ),
  );
}
