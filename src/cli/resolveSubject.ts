import path from 'node:path';
import type { InfluenceSubject } from '../protocol/influence';
import { storeFolderOf } from '../store/storeFolder';
import { type CommandContext, resolveData, resolveModel } from './commandContext';
import type { SubjectFlags } from './subjectFlags';

/** The subject of an influence job: names of whence.json and paths resolved. */
export function resolveSubject(flags: SubjectFlags, context: CommandContext): InfluenceSubject {
  const { workspace } = context;
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
    run: run === undefined ? undefined : path.resolve(run),
    data: resolveData(data, context),
    storeFolder: flags.store === undefined ? storeFolderOf(workspace?.folder ?? '.') : path.resolve(flags.store),
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
