import { resolveSubject } from '../../jobs/resolveSubject';
import type { InfluenceSubject } from '../../protocol/influence';
import type { EditorJobTools } from './editorJob';

/** The subject of an influence job of the editor. @param model name in whence.json; null: the default */
export function subjectOf(model: string | null, { workspace, settings }: EditorJobTools): InfluenceSubject {
  return resolveSubject(
    {
      ...(model === null ? {} : { model }),
      modules: 'default',
      seed: 0,
      element: 'float16',
      storeBudget: settings.storeBudget,
    },
    workspace.names(settings),
  );
}
