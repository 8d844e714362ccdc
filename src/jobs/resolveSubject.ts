import path from 'node:path';
import type { InfluenceSubject, TrackedChoice } from '../protocol/influence';
import { storeFolderOf } from '../store/storeFolder';
import { resolveData, resolveModel, type WorkspaceContext } from './resolveSources';

/** What is said of a subject; what is not said comes from whence.json. Names of it, or paths. */
export interface SubjectChoices {
  readonly model?: string;
  readonly adapter?: string;
  readonly base?: string;
  readonly run?: string;
  readonly data?: readonly string[];
  readonly modules: TrackedChoice;
  /** Tokens. */
  readonly maxLength?: number;
  readonly batchSize?: number;
  readonly seed: number;
  readonly element: 'float16' | 'float32';
  readonly store?: string;
  /** Gigabytes. */
  readonly storeBudget: number;
}

/** The subject of an influence job: names of whence.json and paths resolved. */
export function resolveSubject(flags: SubjectChoices, context: WorkspaceContext): InfluenceSubject {
  const { workspace, folder } = context;
  const model = resolveModel(flags.model, flags.adapter, context);
  const known = workspace?.models.get(flags.model ?? workspace.defaults.model ?? '');
  const baseName = flags.base ?? (flags.adapter === undefined ? known?.base : undefined);
  const withoutAdapter =
    model.adapter === undefined || model.path === undefined
      ? undefined
      : { label: `${model.label} without its adapter`, path: model.path, adapter: undefined };
  const run = flags.run ?? (flags.adapter === undefined ? known?.run : undefined);
  const data = flags.data ?? (known !== undefined && known.trainedOn.length > 0 ? known.trainedOn : undefined);
  return {
    compute: context.compute,
    model,
    base: baseName === undefined ? withoutAdapter : resolveModel(baseName, undefined, context),
    run: run === undefined ? undefined : path.resolve(folder, run),
    data: resolveData(data, context),
    storeFolder:
      flags.store === undefined ? storeFolderOf(workspace?.folder ?? folder) : path.resolve(folder, flags.store),
    storeBudget: flags.storeBudget * 1e9,
    index: {
      modules: flags.modules,
      vectors: 'auto',
      dimensions: 4096,
      element: flags.element,
      maxLength: flags.maxLength ?? null,
      batchSize: flags.batchSize ?? null,
      seed: flags.seed,
    },
  };
}
