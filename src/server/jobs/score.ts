import { fileURLToPath } from 'node:url';
import { resolveData, resolveModel } from '../../jobs/resolveSources';
import type { ScoredRows } from '../../protocol/requests';
import { keepRowLosses } from '../dossier/rowLosses';
import type { EditorJobRule } from './editorJob';

/** Rows of one forward pass, and where rows are cut. */
const settings = { batchSize: 8, maxLength: 2048 };

/** Losses of a file's rows under the tuned model and its base, kept for dossiers. */
export const scoreJob: EditorJobRule<'score'> = {
  title: ({ uri }, say) => say('job.score', { file: decodeURIComponent(uri.split('/').at(-1) ?? '') }),
  run: async ({ model, uri }, tools) => {
    const { workspace } = tools;
    const names = workspace.names(tools.settings);
    const found = workspace.workspace();
    const tuned = model ?? found?.defaults.model;
    const base = tuned === undefined ? undefined : found?.models.get(tuned)?.base;
    const path = fileURLToPath(uri);
    const named = [...(found?.data ?? [])].find(([, data]) => data.path === path)?.[0];
    const data = resolveData([named ?? path], names);
    const losses = async (name: string | undefined): Promise<ReadonlyMap<string, number>> => {
      const byHash = new Map<string, number>();
      const source = resolveModel(name, undefined, names);
      await tools.run(
        { kind: 'score', compute: names.compute, model: source, data, perToken: 'rows', ...settings },
        (event) => {
          const scored = event as ScoredRows;
          if (scored.kind !== 'scoredRows') return;
          for (const { hash, loss, trainedTokens } of scored.rows)
            if (trainedTokens > 0) byHash.set(hash, loss / trainedTokens);
        },
      );
      return byHash;
    };
    const ofTuned = await losses(tuned);
    const ofBase = base === undefined ? new Map<string, number>() : await losses(base);
    await keepRowLosses(workspace.storeFolder(), { base: ofBase, tuned: ofTuned });
    return { result: { kind: 'score', rows: ofTuned.size }, outcome: tools.say('done.losses', { rows: ofTuned.size }) };
  },
};
