import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Session } from '../../src/runtime/openSession';
import { createSessionCache } from '../../src/runtime/sessionCache';

/** Counts sessions alive. */
function sessionFactory() {
  let alive = 0;
  let most = 0;
  let opened = 0;
  const open = (outcome: 'opens' | 'fails') => async (): Promise<Session> => {
    await Promise.resolve();
    if (outcome === 'fails') throw new Error('does not open');
    opened += 1;
    alive += 1;
    most = Math.max(most, alive);
    return {
      device: 'cpu',
      inputs: [],
      outputs: [],
      run: async () => ({}),
      release: async () => {
        await Promise.resolve();
        alive -= 1;
      },
    };
  };
  return { open, counts: () => ({ alive, most, opened }) };
}

describe('session cache', () => {
  it('however it is asked, at most its capacity is alive, the last used ones, and none is lost', async () => {
    const asks = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 5 }), fc.constantFrom('opens' as const, 'fails' as const)),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), asks, async (capacity, sequence) => {
        const factory = sessionFactory();
        const cache = createSessionCache({ sized: 1, others: capacity });
        await Promise.allSettled(sequence.map(([key, outcome]) => cache.get(`${key}`, factory.open(outcome))));
        const { alive, most } = factory.counts();
        assert.ok(most <= capacity);
        assert.equal(alive, cache.keys().length);
        await cache.releaseAll();
        assert.equal(factory.counts().alive, 0);
      }),
    );
  });

  it('the least recently used one goes first', async () => {
    const factory = sessionFactory();
    const cache = createSessionCache({ sized: 1, others: 2 });
    for (const key of ['a', 'b', 'a', 'c']) await cache.get(key, factory.open('opens'));
    assert.deepEqual(cache.keys(), ['a', 'c']);
    await cache.get('a', factory.open('opens'));
    assert.equal(factory.counts().opened, 3);
  });

  it('sessions of known size are released where the next would hold too much with them; others stay', async () => {
    const factory = sessionFactory();
    const cache = createSessionCache({ sized: 9, others: 9 });
    const sized = (bytes: number) => () => ({ bytes, open: factory.open('opens') });
    await cache.get('unsized', factory.open('opens'));
    await cache.getWithin('a', 10, sized(4));
    await cache.getWithin('b', 10, sized(5));
    await cache.getWithin('c', 10, sized(6));
    assert.deepEqual(cache.keys(), ['unsized', 'c']);
    await cache.getWithin('d', 10, sized(40));
    assert.deepEqual(cache.keys(), ['unsized', 'd']);
    await cache.getWithin('d', 10, () => assert.fail('it is alive'));
    assert.equal(factory.counts().alive, 2);
  });

  it('sessions of known size and others do not drive each other out', async () => {
    const factory = sessionFactory();
    const cache = createSessionCache({ sized: 2, others: 1 });
    const sized = () => ({ bytes: 1, open: factory.open('opens') });
    await cache.get('x', factory.open('opens'));
    for (const key of ['a', 'b', 'c']) await cache.getWithin(key, 10, sized);
    assert.deepEqual(cache.keys(), ['x', 'b', 'c']);
    await cache.get('y', factory.open('opens'));
    assert.deepEqual(cache.keys(), ['b', 'c', 'y']);
  });
});
