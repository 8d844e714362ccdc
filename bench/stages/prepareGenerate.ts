import { generate } from '../../src/analyses/asking/generate';
import { createSessionCache } from '../../src/runtime/sessionCache';
import type { StageTask } from '../protocol';
import type { PreparedStage } from '../serve';
import { libraryName } from './libraryName';
import { openWeights } from './openWeights';

/** Greedy continuation of one prompt, prefill included; no token ends it early. */
export async function prepareGenerate(task: StageTask): Promise<PreparedStage> {
  const { config, weights } = await openWeights(task.modelFolder);
  const sessions = createSessionCache({ sized: 2, others: 2 });
  const prompt = Int32Array.from(task.prompt);
  return {
    library: libraryName,
    repeat: async () => {
      const [continuation] = await generate([prompt], {
        model: { key: 'bench', label: 'bench', config, adapter: undefined, text: { stopTokens: new Set() } },
        weights,
        place: { device: 'cpu', threads: task.threads },
        sessions,
        sampling: { kind: 'greedy' },
        maxTokens: task.newTokens,
        onToken: () => undefined,
      });
      return { tokens: continuation!.tokens.map(({ id }) => id) };
    },
    end: () => sessions.releaseAll(),
  };
}
