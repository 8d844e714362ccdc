/**
 * analyses/ compute with models: graphs from model/, sessions from runtime/, rows from data/ and text/. They know no
 * process, no command line and no editor; how far they are goes to callbacks.
 */
import { encode } from '../graph/encode';
import type { Graph } from '../graph/ir';
import type { MappedWeights } from '../model/checkpoint/types';
import { internalError } from '../protocol/errors';
import type { DeviceName } from '../protocol/requests';
import { openSession, type Session, type SessionOptions } from '../runtime/openSession';
import { weightsRoot } from '../runtime/weightsRoot';

/** Where a graph runs. */
export interface ComputePlace {
  readonly device: DeviceName;
  readonly threads: number;
}

/** A session of a graph whose weights are mapped from the model's files. */
export function openModelSession(
  graph: Graph,
  weights: MappedWeights,
  place: ComputePlace,
  kept: Pick<SessionOptions, 'weights' | 'workspace'>,
): Promise<Session> {
  const root = weightsRoot([...new Set([...weights.values()].map(({ file }) => file))]);
  const encoded = encode(graph, (parameter) => {
    const found = weights.get(parameter);
    if (found === undefined) throw internalError(`the model has no parameter ${parameter}`);
    return { location: root.locate(found.file), offset: found.offset, byteLength: found.byteLength };
  });
  return openSession(encoded, { ...place, ...kept, weightsFolder: root.folder, profile: 'off' });
}
