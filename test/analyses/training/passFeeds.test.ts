import assert from 'node:assert/strict';
import fc from 'fast-check';
import { countTrained, passFeeds, passSize, untrained } from '../../../src/analyses/training/passFeeds';

const tokens = fc
  .array(fc.record({ id: fc.integer({ min: 0, max: 999 }), trained: fc.boolean() }), { minLength: 1, maxLength: 30 })
  .map((entries) => ({
    ids: Int32Array.from(entries, ({ id }) => id),
    labels: Int32Array.from(entries, ({ id, trained }) => (trained ? id : untrained)),
  }));

describe('passFeeds', () => {
  it('every trained token is a target once, predicted from the state before it, with its row factor', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ tokens, factor: fc.double({ min: 0, max: 4, noNaN: true }) }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.nat(9),
        (rows, spare) => {
          const size = passSize(rows.map((row) => row.tokens));
          const shape = { batch: size.rows + spare, length: size.length + spare, trained: size.trained + spare };
          const feeds = passFeeds(rows, shape);
          assert.equal(feeds.rowOfPlace.length, size.trained);
          let place = 0;
          for (const [row, { tokens: own, factor }] of rows.entries()) {
            for (const [t, id] of own.ids.entries()) {
              assert.equal(feeds.inputIds[row * shape.length + t], BigInt(id));
              if (t === 0 || own.labels[t] === untrained) continue;
              assert.equal(feeds.places[place], BigInt(row * shape.length + t - 1));
              assert.equal(feeds.targets[place], BigInt(own.labels[t]!));
              assert.equal(feeds.weights[place], Math.fround(factor));
              assert.equal(feeds.rowOfPlace[place], row);
              place += 1;
            }
          }
          assert.ok(feeds.weights.slice(place).every((weight) => weight === 0));
        },
      ),
      { seed: 1 },
    );
  });

  it('what rows share is fed once; places count it before the rows, and other beginnings are refused', () => {
    const row = (ids: readonly number[]) => {
      const labels = Int32Array.from(ids, (id, t) => (t < 2 ? untrained : id));
      return { tokens: { ids: Int32Array.from(ids), labels }, factor: 1 };
    };
    const shape = { batch: 2, length: 5, trained: 5, shared: 3 };
    const feeds = passFeeds([row([7, 8, 9, 1, 2]), row([7, 8, 9, 3])], shape);
    assert.deepEqual([...feeds.sharedIds].map(Number), [7, 8, 9]);
    assert.deepEqual([...feeds.inputIds].map(Number), [1, 2, 3, 0]);
    // Targets 9, 1, 2 of the first row stand after shared 1, shared 2 and its own first token; 9, 3 of the second alike.
    assert.deepEqual([...feeds.places].map(Number), [1, 2, 3, 1, 2]);
    assert.deepEqual([...feeds.targets].map(Number), [9, 1, 2, 9, 3]);
    assert.throws(() => passFeeds([row([7, 8, 9, 1]), row([7, 5, 9, 1])], shape), /begin unlike/);
  });

  it('the first token of a row is no target even where it is labelled', () => {
    assert.equal(countTrained({ ids: Int32Array.of(5, 6), labels: Int32Array.of(5, 6) }), 1);
  });
});
