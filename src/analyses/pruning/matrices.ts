/**
 * pruning/ proposes which weights of a fine-tune to set to zero, and measures what that does beside the cheap
 * alternatives. A proposal is never applied by itself, a file that a user has is never written to, and no figure here says
 * that a model is harmless.
 */

import { readTensorFloat32 } from '../../model/checkpoint/readTensor';
import type { LoraModule, MappedWeights } from '../../model/checkpoint/types';
import { linearModules } from '../../model/linearModules';
import type { LinearModule } from '../../model/modelPlan';
import type { LanguageModel } from '../../model/openLanguageModel';
import { inputError, internalError } from '../../protocol/errors';
import type { PruningTarget } from '../../protocol/pruning';

/** A fine-tuned model with what it came from. */
export interface PruningSubject {
  readonly model: LanguageModel;
  readonly weights: MappedWeights;
  /** Weights of the model that a full fine-tune came from; undefined: the model without its adapter, or not known. */
  readonly baseWeights: MappedWeights | undefined;
}

/** Which numbers of a module are pruned. */
export type MatrixPart = 'A' | 'B' | 'delta' | 'weight';

/** A matrix whose entries may be set to zero. */
export interface PrunedMatrix {
  /** `model.layers.0.self_attn.q_proj.lora_A`; `.delta` or `.weight` for the other targets. */
  readonly name: string;
  readonly module: LinearModule;
  readonly part: MatrixPart;
  /** Outputs. */
  readonly rows: number;
  /** Inputs: each has one activation. */
  readonly columns: number;
  /** [rows, columns], whatever way round the file keeps it. */
  readonly values: Float32Array;
}

/**
 * The matrices of a target, in the order in which the model applies them.
 *
 * @param named endings or whole paths of modules; empty: those that the adapter has, else every linear layer but the head
 * @throws UserError where the target is not there: no adapter, no base, no such module
 */
export async function prunableMatrices(
  subject: PruningSubject,
  target: PruningTarget,
  named: readonly string[],
): Promise<PrunedMatrix[]> {
  const modules = chosenModules(subject.model, target, named);
  const matrices: PrunedMatrix[] = [];
  for (const module of modules) matrices.push(...(await makers[target](subject, module)));
  return matrices;
}

function chosenModules({ config, adapter, label }: LanguageModel, target: PruningTarget, named: readonly string[]) {
  const all = linearModules(config).filter(({ role }) => role !== 'head');
  const adapted = all.filter(({ module }) => adapter?.modules.has(module));
  if (target === 'adapter' && adapted.length === 0) {
    throw inputError(
      'not-an-adapter',
      `${label} has no LoRA adapter on its layers whose A and B could be pruned.`,
      'Name the adapter with --adapter, or prune a full fine-tune with --target delta and --base.',
    );
  }
  const possible = adapted.length > 0 ? adapted : all;
  if (named.length === 0) return possible;
  const isNamed = ({ module }: LinearModule): boolean =>
    named.some((name) => module === name || module.endsWith(`.${name}`));
  const unknown = named.find((name) => !possible.some(({ module }) => module === name || module.endsWith(`.${name}`)));
  if (unknown === undefined) return possible.filter(isNamed);
  const endings = [...new Set(possible.map(({ module }) => module.split('.').at(-1)))];
  throw inputError(
    'module-unknown',
    `There is no module ${unknown.slice(0, 200)} to prune in ${label}.`,
    `Use some of ${endings.join(', ')}, or whole paths.`,
  );
}

type MatrixMaker = (subject: PruningSubject, module: LinearModule) => Promise<PrunedMatrix[]>;

const makers: { readonly [T in PruningTarget]: MatrixMaker } = {
  adapter: async ({ model }, module) => {
    const { a, b, rank } = loraOf(model, module);
    const { inputSize, outputSize } = module;
    return [
      { name: `${module.module}.lora_A`, module, part: 'A', rows: rank, columns: inputSize, values: a.data },
      { name: `${module.module}.lora_B`, module, part: 'B', rows: outputSize, columns: rank, values: b.data },
    ];
  },
  delta: async (subject, module) => [await whole(subject, module, 'delta')],
  weights: async (subject, module) => [await whole(subject, module, 'weight')],
};

async function whole(subject: PruningSubject, module: LinearModule, part: 'delta' | 'weight'): Promise<PrunedMatrix> {
  const { outputSize: rows, inputSize: columns } = module;
  const values = part === 'delta' ? await readDelta(subject, module) : await readTuned(subject, module);
  return { name: `${module.module}.${part}`, module, part, rows, columns, values };
}

/** tuned - base, [out, in]. @throws UserError `base-needed` */
export async function readDelta(subject: PruningSubject, module: LinearModule): Promise<Float32Array> {
  const lora = subject.model.adapter?.modules.get(module.module);
  if (lora !== undefined) return productOf(lora);
  if (subject.model.adapter !== undefined) return new Float32Array(module.inputSize * module.outputSize);
  const base = await readBase(subject, module);
  const tuned = await readOriented(subject.weights, module);
  return tuned.map((value, i) => value - base[i]!);
}

/** The weight with the adapter merged into it, [out, in]. */
export async function readTuned(subject: PruningSubject, module: LinearModule): Promise<Float32Array> {
  const values = await readOriented(subject.weights, module);
  const lora = subject.model.adapter?.modules.get(module.module);
  if (lora === undefined) return values;
  const delta = productOf(lora);
  return values.map((value, i) => value + delta[i]!);
}

/** The weight of the model that was fine-tuned, [out, in]. @throws UserError `base-needed` */
export async function readBase({ model, weights, baseWeights }: PruningSubject, module: LinearModule) {
  return readOriented(model.adapter === undefined ? requireBase(baseWeights, model) : weights, module);
}

export function requireBase(baseWeights: MappedWeights | undefined, { label }: LanguageModel): MappedWeights {
  if (baseWeights !== undefined) return baseWeights;
  throw inputError(
    'base-needed',
    `${label} has no adapter, and the model that it was fine-tuned from is not known.`,
    'Name it with --base, or as `base` of the model in whence.json.',
  );
}

async function readOriented(weights: MappedWeights, module: LinearModule): Promise<Float32Array> {
  const location = weights.get(module.weight);
  if (location === undefined) throw internalError(`the model has no parameter ${module.weight}`);
  return oriented(await readTensorFloat32(location), module);
}

/** Between [out, in] and the way the checkpoint keeps a module's weight; the same function does both. */
export function oriented(
  values: Float32Array,
  { layout, inputSize, outputSize }: LinearModule,
  from: 'stored' | 'outIn' = 'stored',
): Float32Array {
  if (layout === 'outIn') return values;
  const [rows, columns] = from === 'stored' ? [inputSize, outputSize] : [outputSize, inputSize];
  const turned = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c]!;
  return turned;
}

/** scaling B A, [out, in], summed in double precision. */
function productOf({ a, b, scaling, rank }: LoraModule): Float32Array {
  const [outputs, inputs] = [b.shape[0]!, a.shape[1]!];
  const product = new Float32Array(outputs * inputs);
  const row = new Float64Array(inputs);
  for (let o = 0; o < outputs; o++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = b.data[o * rank + r]! * scaling;
      if (factor === 0) continue;
      for (let i = 0; i < inputs; i++) row[i]! += factor * a.data[r * inputs + i]!;
    }
    product.set(row, o * inputs);
  }
  return product;
}

function loraOf({ adapter }: LanguageModel, { module }: LinearModule): LoraModule {
  const lora = adapter?.modules.get(module);
  if (lora === undefined) throw internalError(`${module} is not adapted`);
  return lora;
}
