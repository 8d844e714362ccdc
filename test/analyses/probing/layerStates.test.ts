import assert from 'node:assert/strict';
import { readLayerStates, type StateSource } from '../../../src/analyses/probing/layerStates';
import { readingPlace } from '../../../src/analyses/probing/readingPlaces';
import { UserError } from '../../../src/protocol/errors';
import type { VectorIndex } from '../../../src/store/openVectorIndex';

const hidden = 2;
const layers = 2;
const places = ['last', 'answer'].map((name) => readingPlace(name)!);
/** Embedding and two layers at two places, then what each place has seen. */
const width = ((layers + 1) * places.length + places.length) * hidden;

const rows = [0, 1, 2].map((row) => ({
  address: { file: 'rows.jsonl', row, line: row + 1, bytes: undefined },
  encodingHash: `${row}`,
  ids: new Int32Array(3),
  labels: Int32Array.from([-100, -100, 5]),
  weight: 1,
}));

/** A store that holds all rows already. */
function stored(data: Float32Array): StateSource {
  const index = {
    missing: () => [],
    finish: async () => undefined,
    load: async () => ({
      element: 'float32',
      width,
      data,
      rowScales: new Float32Array(3),
      scalars: new Float32Array(0),
    }),
  } as unknown as VectorIndex;
  return {
    model: {
      key: 'm',
      label: 'the model',
      config: { hiddenSize: hidden, layers: new Array(layers).fill({}) },
      adapter: undefined,
    },
    modelHash: 'h',
    openIndex: async () => index,
  } as unknown as StateSource;
}

describe('states of layers', () => {
  it('are read by layer and place, each row its own', async () => {
    const data = Float32Array.from({ length: 3 * width }, (_, i) => i);
    const { states, computed } = await readLayerStates(stored(data), rows, places, null, () => undefined);
    assert.equal(computed, 0);
    const expected = (column: number): number[] =>
      [0, 1, 2].flatMap((row) => [row * width + column * hidden, row * width + column * hidden + 1]);
    assert.deepEqual([...states.read(-1, 0)], expected(0));
    assert.deepEqual([...states.read(-1, 1)], expected(1));
    assert.deepEqual([...states.read(1, 0)], expected(4));
    assert.deepEqual([...states.seen(1)], expected(7));
  });

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
    it(`are refused where one is ${value}, naming the row and the model`, async () => {
      const data = new Float32Array(3 * width);
      data[width + 3] = value;
      await assert.rejects(
        readLayerStates(stored(data), rows, places, null, () => undefined),
        (error: unknown) =>
          error instanceof UserError &&
          error.code === 'states-not-finite' &&
          error.message.startsWith('rows.jsonl, line 2: the model computes states'),
      );
    });
});
