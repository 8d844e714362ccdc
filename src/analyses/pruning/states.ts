import { createHash } from 'node:crypto';
import { readTensorFloat32 } from '../../model/checkpoint/readTensor';
import type { HostTensor, LoraAdapter, LoraModule, MappedWeights } from '../../model/checkpoint/types';
import type { LanguageModel } from '../../model/openLanguageModel';
import { parameterShapes } from '../../model/parameterShapes';
import { internalError } from '../../protocol/errors';
import type { PruningTarget } from '../../protocol/pruning';
import { type Mask, masked } from './masks';
import {
  oriented,
  type PrunedMatrix,
  type PruningSubject,
  readBase,
  readDelta,
  readTuned,
  requireBase,
} from './matrices';

/**
 * A state of the model to measure: what differs between states is fed, so that all of them share sessions.
 *
 *   masked   the fine-tuned model with the masked entries at zero
 *   scaled   base + c (tuned - base); c = 1 is the fine-tuned model, c = 0 the model it came from
 */
export type PruningState =
  | { readonly kind: 'masked'; readonly mask: Mask; readonly hash: string }
  | { readonly kind: 'scaled'; readonly c: number };

/** Hex: names a state among those of one model and target. */
export function stateHash(state: PruningState): string {
  const said = state.kind === 'masked' ? ['masked', state.hash] : ['scaled', state.c];
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 40);
}

/** Makes the model of a state, ready to be computed with. */
export type StateMaker = (state: PruningState) => Promise<LanguageModel>;

/** @param matrices of the target, as `prunableMatrices` gives them */
export function stateMaker(
  subject: PruningSubject,
  target: PruningTarget,
  matrices: readonly PrunedMatrix[],
): StateMaker {
  const { model } = subject;
  if (target === 'adapter') {
    const adapter = requireAdapter(model);
    return async (state) => ({
      ...model,
      adapter:
        state.kind === 'masked'
          ? maskedAdapter(adapter, matrices, state.mask)
          : await scaledAdapter(adapter, state.c, subject),
    });
  }
  // Whole weights are fed in place of those in the file; the graph's key says so.
  return async (state) => {
    if (state.kind === 'scaled' && model.adapter === undefined) return scaledModel(subject, state.c);
    const fed = await fedAdapter(subject, matrices, state);
    return {
      ...model,
      key: `${model.key} pruned ${target} ${matrices.map(({ name }) => name).join(' ')}`,
      adapter: fed,
    };
  };
}

function requireAdapter({ adapter, label }: LanguageModel): LoraAdapter {
  if (adapter === undefined) throw internalError(`${label} has no adapter`);
  return adapter;
}

/** The adapter with zeros where the mask says so. */
export function maskedAdapter(adapter: LoraAdapter, matrices: readonly PrunedMatrix[], mask: Mask): LoraAdapter {
  const modules = new Map(adapter.modules);
  for (const [m, { module, part }] of matrices.entries()) {
    const before = modules.get(module.module);
    if (before === undefined) throw internalError(`${module.module} is not adapted`);
    const side = part === 'A' ? 'a' : 'b';
    modules.set(module.module, { ...before, [side]: { ...before[side], data: masked(before[side].data, mask[m]!) } });
  }
  return { ...adapter, modules };
}

async function scaledAdapter(adapter: LoraAdapter, c: number, { weights }: PruningSubject): Promise<LoraAdapter> {
  const modules = new Map([...adapter.modules].map(([name, lora]) => [name, scaledModule(lora, c)]));
  const replaced = new Map<string, HostTensor>();
  for (const [name, { shape, data }] of adapter.replaced) {
    const base = await readParameter(weights, name);
    replaced.set(name, { shape, data: between(base, data, c) });
  }
  return { ...adapter, modules, replaced };
}

function scaledModule(lora: LoraModule, c: number): LoraModule {
  return { ...lora, b: { ...lora.b, data: lora.b.data.map((value) => c * value) } };
}

/** base + c (tuned - base); at c = 1 the tuned values themselves. */
function between(base: Float32Array, tuned: Float32Array, c: number): Float32Array {
  return c === 1 ? tuned : tuned.map((value, i) => base[i]! + c * (value - base[i]!));
}

async function readParameter(weights: MappedWeights, name: string): Promise<Float32Array> {
  const location = weights.get(name);
  if (location === undefined) throw internalError(`the model has no parameter ${name}`);
  return readTensorFloat32(location);
}

/** Chosen modules as whole weights, the others as they are in the fine-tuned model (or scaled alike). */
async function fedAdapter(
  subject: PruningSubject,
  matrices: readonly PrunedMatrix[],
  state: PruningState,
): Promise<LoraAdapter> {
  const { model } = subject;
  const start = model.adapter ?? emptyAdapter;
  const others = state.kind === 'scaled' ? await scaledAdapter(start, state.c, subject) : start;
  const modules = new Map(others.modules);
  const replaced = new Map(others.replaced);
  for (const [name, tensor] of await chosenWeights(subject, matrices, state)) replaced.set(name, tensor);
  for (const { module } of matrices) modules.delete(module.module);
  return { ...others, modules, replaced };
}

/** The chosen modules' weights in a state, as the checkpoint lays them out. */
export async function chosenWeights(
  subject: PruningSubject,
  matrices: readonly PrunedMatrix[],
  state: PruningState,
): Promise<Map<string, HostTensor>> {
  const shapes = parameterShapes(subject.model.config);
  const found = new Map<string, HostTensor>();
  for (const [m, matrix] of matrices.entries()) {
    const { module } = matrix;
    const values = await weightOf(subject, matrix, state, m);
    found.set(module.weight, { shape: shapes.get(module.weight)!, data: oriented(values, module, 'outIn') });
  }
  return found;
}

async function weightOf(
  subject: PruningSubject,
  matrix: PrunedMatrix,
  state: PruningState,
  m: number,
): Promise<Float32Array> {
  const { module, part, values } = matrix;
  if (state.kind === 'scaled') {
    if (state.c === 1) return readTuned(subject, module);
    const base = await readBase(subject, module);
    const delta = await readDelta(subject, module);
    return base.map((value, i) => value + state.c * delta[i]!);
  }
  const kept = masked(values, state.mask[m]!);
  if (part === 'weight') return kept;
  // Entry by entry: what is not pruned stays the tuned weight's own bits.
  const base = await readBase(subject, module);
  const tuned = await readTuned(subject, module);
  return tuned.map((value, i) => (state.mask[m]![i] === 1 ? base[i]! : value));
}

/** A full fine-tune scaled as a whole: every parameter is fed. */
async function scaledModel({ model, weights, baseWeights }: PruningSubject, c: number): Promise<LanguageModel> {
  const base = c === 1 ? weights : requireBase(baseWeights, model);
  const replaced = new Map<string, HostTensor>();
  for (const [name, shape] of parameterShapes(model.config)) {
    const tuned = await readParameter(weights, name);
    replaced.set(name, { shape, data: between(await readParameter(base, name), tuned, c) });
  }
  return { ...model, key: `${model.key} scaled`, adapter: { ...emptyAdapter, replaced } };
}

const emptyAdapter: LoraAdapter = {
  folder: '',
  config: {},
  baseModelNameOrPath: undefined,
  modules: new Map(),
  replaced: new Map(),
  carried: new Set(),
  tiedHead: 'asInBase',
  savedNames: new Map(),
};
