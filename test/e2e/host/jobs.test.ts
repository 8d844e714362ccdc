import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { WhenceApi } from '../../../src/client/extension';
import { jobItem, jobLines } from '../../../src/client/views/jobs/jobItem';
import type { JobView } from '../../../src/protocol/editorJobs';
import { waitFor } from '../support/waitFor';
import { activatedExtension } from './support/whence';

/** Milliseconds in which a job is to be over once it is cancelled. */
const cancelBar = 500;

describe('jobs', () => {
  let whence: WhenceApi;
  const inState = (state: JobView['state']) => whence.context.jobs.list().find((job) => job.state === state);

  before(async () => {
    whence = (await activatedExtension()).exports;
  });

  it('a running job tells how far it is, and is over within the bar once it is cancelled', async function () {
    this.timeout(300_000);
    void vscode.commands.executeCommand('whence.indexRows');
    const job = await waitFor('progress', () => {
      const running = inState('running');
      return running !== undefined && running.progress !== null ? running : undefined;
    });
    assert.match(String(jobItem(job).contextValue), /^job running index/);
    assert.ok(jobLines(job).some((line) => line.kind === 'line' && line.name === 'Progress'));
    const began = performance.now();
    await vscode.commands.executeCommand('whence.cancelJob', { kind: 'job', id: job.id });
    await waitFor('the job to be cancelled', () => (inState('cancelled') === undefined ? undefined : true));
    const took = performance.now() - began;
    assert.ok(took < cancelBar, `cancelling took ${took.toFixed(0)} ms`);
  });

  it('a cancelled job is resumed, and tells device, memory, prediction and outcome when it is done', async function () {
    this.timeout(600_000);
    const { id } = inState('cancelled')!;
    void vscode.commands.executeCommand('whence.resumeJob', { kind: 'job', id });
    const done = await waitFor('the job to end', () => {
      const failed = inState('failed');
      if (failed !== undefined) throw new Error(failed.error?.message);
      return inState('done');
    });
    const names = jobLines(done).map((line) => (line.kind === 'line' ? line.name : ''));
    assert.deepEqual(names, ['Outcome', 'Predicted', 'Device', 'Memory', 'Took']);
    assert.ok(done.memory!.peakBytes > 0);
  });

  it('a job that fails tells what is wrong and what to do', async () => {
    const server = await whence.context.server();
    const missing = { kind: 'retrace', trace: 'no-such-trace', methods: [], rank: 'whenBaseDoesNot' } as const;
    await server.request('whence/startJob', missing);
    const failed = await waitFor('the job to fail', () => inState('failed'));
    const names = jobLines(failed).map((line) => (line.kind === 'line' ? line.name : ''));
    assert.deepEqual(names.slice(0, 2), ['Error', 'What to do']);
  });

  it('finished jobs are cleared', async () => {
    await vscode.commands.executeCommand('whence.clearJobs');
    assert.deepEqual(whence.context.jobs.list(), []);
  });
});
