/** dossier/ puts together what is known of one row: losses, self-influence, duplicates, behaviours, verdict. */

import type { RowDossier } from '../../protocol/editorFindings';
import type { RowReference } from '../../protocol/editorJobs';
import { nearDuplicates } from '../acts/findNearDuplicates';
import type { ServerContext } from '../context';
import { fileLines } from '../requests/fileLines';
import { readRowLosses } from './rowLosses';

/** Behaviours that are listed. */
const mostMoves = 50;

/** @returns null where the line holds no row */
export function rowDossier(
  { uri, line }: RowReference,
  context: Pick<ServerContext, 'documents' | 'workspace' | 'traces' | 'findings'>,
): RowDossier | null {
  const { traces, findings, workspace } = context;
  const lines = fileLines(context, uri);
  const hash = lines === undefined || line >= lines.count ? undefined : findings.hashOf(lines.text(line));
  if (hash === undefined) return null;
  const losses = readRowLosses(workspace.storeFolder());
  const moves: RowDossier['moves'][number][] = [];
  let selfInfluence: number | null = null;
  // The newest first: figures of a later trace are of the model as it is now.
  for (const { id } of [...traces.list()].reverse()) {
    for (const { queries } of traces.read(id)?.documents.slice(0, 1) ?? []) {
      for (const query of queries) {
        const row = query.rows.find((other) => other.hash === hash);
        selfInfluence ??= row?.selfInfluence ?? null;
        if (row?.aboveNull === true && moves.length < mostMoves)
          moves.push({ trace: id, query: query.prompt, rank: row.rank, score: row.score });
      }
    }
  }
  return {
    uri,
    line,
    hash,
    lossBase: losses.base.get(hash) ?? null,
    lossTuned: losses.tuned.get(hash) ?? null,
    selfInfluence,
    duplicates: nearDuplicates({ uri, line }, context),
    moves,
    verdict: traces.verdictOf(hash),
  };
}
