import path from 'node:path';
import type { InfluenceSubject, TrackedChoice } from '../protocol/influence';
import { storeFolderOf } from '../store/storeFolder';
import { resolveData, resolveModel, type WorkspaceContext } from './resolveSources';

/** What is said of models and rows; what is not said comes from whence.json. Names of it, or paths. */
export interface RowsChoices {
  readonly model?: string;
  readonly adapter?: string;
  readonly base?: string;
  readonly data?: readonly string[];
  /** Tokens. */
  readonly maxLength?: number;
  readonly batchSize?: number;
  readonly seed: number;
  readonly store?: string;
  /** Gigabytes. */
  readonly storeBudget: number;
}

/** What is said of the subject of an influence job. */
export interface SubjectChoices extends RowsChoices {
  readonly run?: string;
  readonly modules: TrackedChoice;
  readonly element: 'float16' | 'float32';
}

/** Models, rows and store: names of whence.json and paths resolved. */
export function resolveRows(
  flags: RowsChoices,
  context: WorkspaceContext,
): Pick<InfluenceSubject, 'compute' | 'model' | 'base' | 'data' | 'storeFolder' | 'storeBudget'> {
  const { workspace, folder } = context;
  const model = resolveModel(flags.model, flags.adapter, context);
  const known = workspace?.models.get(flags.model ?? workspace.defaults.model ?? '');
  const baseName = flags.base ?? (flags.adapter === undefined ? known?.base : undefined);
  const withoutAdapter =
    model.adapter === undefined || model.path === undefined
      ? undefined
      : { label: `${model.label} without its adapter`, path: model.path, adapter: undefined };
  const data = flags.data ?? (known !== undefined && known.trainedOn.length > 0 ? known.trainedOn : undefined);
  return {
    compute: context.compute,
    model,
    base: baseName === undefined ? withoutAdapter : resolveModel(baseName, undefined, context),
    data: resolveData(data, context),
    storeFolder:
      flags.store === undefined ? storeFolderOf(workspace?.folder ?? folder) : path.resolve(folder, flags.store),
    storeBudget: flags.storeBudget * 1e9,
  };
}

/** The subject of an influence job: names of whence.json and paths resolved. */
export function resolveSubject(flags: SubjectChoices, context: WorkspaceContext): InfluenceSubject {
  const { workspace, folder } = context;
  const known = workspace?.models.get(flags.model ?? workspace.defaults.model ?? '');
  const run = flags.run ?? (flags.adapter === undefined ? known?.run : undefined);
  return {
    ...resolveRows(flags, context),
    run: run === undefined ? undefined : path.resolve(folder, run),
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
