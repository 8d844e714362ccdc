import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EditorJob, EditorResult, JobView } from '../../../src/protocol/editorJobs';
import { LspClient } from '../../support/lspClient';
import { waitFor } from './waitFor';

/** Runs jobs of the editor by its own server on a workspace; what they find is kept in its store. */
export async function runJobs(folder: string, jobs: readonly EditorJob[]): Promise<void> {
  const client = await LspClient.start(pathToFileURL(folder).href, undefined);
  try {
    for (const job of jobs) {
      const { id } = await client.request<{ id: string }>('whence/startJob', job);
      await waitFor(`the job ${job.kind}`, async () => {
        const result = await client.request<EditorResult | null>('whence/jobResult', { id });
        const views = await client.request<readonly JobView[]>('whence/jobs', null);
        const view = views.find((one) => one.id === id)!;
        assert.equal(view.error, null);
        return result ?? undefined;
      });
    }
  } finally {
    await client.stop();
  }
}

/** A trace of the first query by words alone: quick, and with the gate that every trace has. */
export function traceByWords(folder: string): EditorJob {
  const uri = pathToFileURL(path.join(folder, 'queries.jsonl')).href;
  return {
    kind: 'trace',
    model: null,
    behaviour: { kind: 'queryLine', uri, line: 0 },
    methods: ['bm25'],
    rank: 'always',
  };
}
