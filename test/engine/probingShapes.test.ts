import assert from 'node:assert/strict';
import { checkProbe } from '../../src/engine/probingShapes';
import { UserError } from '../../src/protocol/errors';
import type { ProbeRequest } from '../../src/protocol/probing';

const request: ProbeRequest = {
  kind: 'probe',
  compute: { device: 'cpu', threads: 2, cacheFolder: '/cache' },
  model: { label: 'm', path: '/m', adapter: undefined },
  base: undefined,
  data: [{ label: 'd', path: '/d', schema: undefined }],
  storeFolder: '/store',
  storeBudget: 1e9,
  maxLength: null,
  batchSize: null,
  seed: 0,
  positions: ['last'],
  layers: null,
  task: {
    kind: 'label',
    label: 'meta.kind',
    only: [],
    fewestRows: 10,
    folds: 5,
    groupBy: [],
    control: 'auto',
    baselines: ['words'],
  },
};

describe('the request of probe', () => {
  it('is taken as it is where it is right', () => {
    assert.deepEqual(checkProbe(structuredClone(request)), request);
  });

  const { task } = request;
  const wrong: readonly (readonly [string, unknown])[] = [
    ['no data', { ...request, data: [] }],
    ['no position', { ...request, positions: [] }],
    ['a layer below the embedding', { ...request, layers: [-2] }],
    ['too few folds', { ...request, task: { ...task, folds: 2 } }],
    ['a baseline that is none', { ...request, task: { ...task, baselines: ['magic'] } }],
    ['a task of no kind', { ...request, task: { ...task, kind: 'other' } }],
    ['a direction with one end', { ...request, task: { kind: 'concept', positive: request.data, negative: [] } }],
    ['something more', { ...request, more: 1 }],
    ['no object', null],
  ];
  for (const [what, given] of wrong)
    it(`is refused with ${what}`, () => {
      assert.throws(
        () => checkProbe(given),
        (error: unknown) => error instanceof UserError && error.code === 'bad-request',
      );
    });
});
