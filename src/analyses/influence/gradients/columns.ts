/**
 * influence/ says which training rows promote a behaviour. Gradients, factors, estimators, evidence: each in a folder of
 * its own. Sign everywhere: a score above 0 says that training on the row lowers the query's loss. It writes nothing but
 * to the store it is given, and never decides what is shown.
 */

import { type TrackedKind, type TrackedModule, trackedModulesOf } from '../../../model/buildModuleSides';
import { linearModules } from '../../../model/linearModules';
import type { LanguageModel } from '../../../model/openLanguageModel';

/** The place of one module's gradient [out, in] in a row's gradient vector. */
export interface Column extends TrackedModule {
  readonly offset: number;
  readonly size: number;
}

/** How a row's gradient vector is laid out: modules one after another, each row-major [out, in]. */
export interface Columns {
  readonly kind: TrackedKind;
  readonly list: readonly Column[];
  readonly width: number;
  /** How the sides are narrowed; absent: they are as wide as the modules. */
  readonly projection?: ColumnProjection;
}

/** Matrices that narrow the sides of modules; a side without one stays as it is. */
export interface ColumnProjection {
  /** Asked for over all modules; the width may differ by rounding. */
  readonly dimensions: number;
  readonly seed: number;
  /** [wide, narrow] by the name of its feed. */
  readonly feeds: Readonly<Record<string, Float32Array>>;
  /** Names of feeds by module. */
  readonly sides: ReadonlyMap<string, { readonly input: string | undefined; readonly output: string | undefined }>;
}

/** Lays tracked modules one after another, in the order in which the model applies them. */
export function layOut(kind: TrackedKind, modules: readonly TrackedModule[]): Columns {
  let offset = 0;
  const list = modules.map((module) => {
    const size = module.inputSize * module.outputSize;
    const column = { ...module, offset, size };
    offset += size;
    return column;
  });
  return { kind, list, width: offset };
}

/** The columns of a model: of its adapter, or of every linear layer but the head. */
export function columnsOf({ config, adapter }: Pick<LanguageModel, 'config' | 'adapter'>, kind: TrackedKind): Columns {
  const modules = linearModules(config)
    .filter(({ role }) => role !== 'head')
    .flatMap((module) => trackedModulesOf[kind](module, adapter?.modules.get(module.module)?.a.shape[0]));
  return layOut(kind, modules);
}
