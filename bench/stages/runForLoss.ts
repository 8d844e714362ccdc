import type { NamedOutput } from '../../src/graph/ir';
import type { SessionOptions } from '../../src/runtime/openSession';
import type { PreparedStage } from '../serve';
import { libraryName } from './libraryName';
import type { OpenModel } from './openModel';

/** A stage that is one run of one graph; its output `loss` is the check. */
export async function runForLoss(
  model: OpenModel,
  outputs: readonly NamedOutput[],
  weights: SessionOptions['weights'],
  feeds: Readonly<Record<string, Float32Array>>,
): Promise<PreparedStage> {
  const session = await model.open(outputs, weights);
  const allFeeds = { ...model.feeds, ...feeds };
  return {
    library: libraryName,
    repeat: async () => ({ loss: Number((await session.run(allFeeds)).loss![0]) }),
    end: () => session.release(),
  };
}
