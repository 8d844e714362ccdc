import assert from 'node:assert/strict';
import path from 'node:path';
import { createJobContext } from '../../src/engine/jobContext';
import { openSubject } from '../../src/engine/openSubject';
import { createResidents } from '../../src/engine/residents';
import type { InfluenceSubject } from '../../src/protocol/influence';
import type { EngineReply } from '../../src/protocol/jobs';
import { createSessionCache } from '../../src/runtime/sessionCache';
import { temporaryFolder } from '../support/temporaryFolder';

const sample = path.resolve('samples/assistant');
const base = { label: 'base', path: path.join(sample, 'models/base'), adapter: undefined };

function subject(folder: string): InfluenceSubject {
  return {
    compute: { device: 'cpu', threads: 1, cacheFolder: path.join(folder, 'cache') },
    model: { ...base, label: 'tuned', adapter: path.join(sample, 'models/tuned') },
    base,
    run: undefined,
    data: [{ label: 'train.jsonl', path: path.join(sample, 'data/train.jsonl'), schema: undefined }],
    storeFolder: path.join(folder, '.whence'),
    storeBudget: 1e9,
    index: {
      modules: 'default',
      vectors: 'whole',
      element: 'float16',
      batchSize: null,
      seed: 0,
      dimensions: 64,
      maxLength: null,
    },
  };
}

describe('subjects of influence jobs', () => {
  it('stay for the next job with what was computed of them, and report to the job that is running', async () => {
    const request = subject(temporaryFolder('whence-subject-'));
    const replies: EngineReply[] = [];
    const sessions = createSessionCache({ sized: 1, others: 1 });
    const residents = createResidents();
    const open = (id: number, damping: number) => {
      const { context } = createJobContext({ id, send: (reply) => void replies.push(reply), sessions, residents });
      return openSubject(request, { damping, labels: 'sampled', layer: null }, context);
    };
    const first = await open(1, 0.1);
    const second = await open(2, 0.1);
    assert.equal(second.attribution, first.attribution);
    replies.length = 0;
    second.attribution.place.onProgress('gradients of rows', 0, 1, 'rows');
    assert.deepEqual(
      replies.map((reply) => (reply.type === 'progress' ? reply.id : reply.type)),
      [2],
    );
    const other = await open(3, 0.2);
    assert.notEqual(other.attribution, first.attribution);
    assert.notEqual(other.key, first.key);
    assert.deepEqual(residents.keys('attribution'), [other.key]);
  });
});
