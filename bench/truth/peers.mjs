// EK-FAC scores by kronfluence, of the same rows, queries and adapter: the token ids are those that Whence uses.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { peerPython, runEkfac } from '../peers/runPeer.mjs';

/** `{ scores, queries, seconds, library }`, or `{ missing }`: why there are none. */
export async function peerScores({ whence, keep, workspace, queries, recipe }) {
  try {
    peerPython();
  } catch (error) {
    return { missing: 'no Python with kronfluence was there (npm run bench:peers)', why: error.message };
  }
  const scored = (data) =>
    whence('score', '--tokens', '--model', 'tuned', '--max-length', `${recipe.maxLength}`, '--data', data);
  const rows = sequences(await scored('train'));
  const asked = sequences(await scored('queries.jsonl')).map((part, q) => ({
    id: queries[q],
    parts: [{ ...part, factor: 1 }],
  }));
  const job = {
    rows: rows.map((row) => ({ ...row, weight: 1 })),
    queries: asked,
    modules: 'adapter',
    factors: 'ekfac',
    damping: null,
    labelsIn: null,
    labelsOut: null,
    rowBatch: 16,
    queryBatch: 8,
    threads: 2,
    seed: 0,
    folder: null,
  };
  // Of the model, not of this program: a rebuilt Whence does not fit the peer anew.
  const adapter = path.join(workspace, 'models', 'tuned');
  const key = createHash('sha256')
    .update(JSON.stringify(job))
    .update(readFileSync(path.join(adapter, 'adapter_model.safetensors')));
  return keep('kronfluence', key.digest('hex'), () =>
    runEkfac({ ...job, model: path.join(workspace, 'models', 'base'), adapter }),
  );
}

function sequences({ rows }) {
  return rows.map(({ tokens }) => ({
    input_ids: tokens.map(({ id }) => id),
    labels: tokens.map(({ id, trained }) => (trained ? id : -100)),
  }));
}
