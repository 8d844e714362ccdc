import assert from 'node:assert/strict';
import { createResidents, nothingToRelease, type ResidentKind } from '../../src/engine/residents';

/** Makes numbered things and says which are alive. */
function maker() {
  const alive = new Set<number>();
  let made = 0;
  const thing = (kind: ResidentKind, key: string) => ({
    kind,
    key,
    make: async () => {
      made += 1;
      alive.add(made);
      return made;
    },
    release: async (number: number) => void alive.delete(number),
  });
  return { thing, alive };
}

describe('residents', () => {
  it('a kind keeps the last used things whatever other kinds keep, and releases the one that goes before it makes another', async () => {
    const residents = createResidents();
    const { thing, alive } = maker();
    assert.equal(await residents.get(thing('attribution', 'a')), 1);
    for (const key of ['m', 'n', 'o', 'p']) await residents.get(thing('model', key));
    assert.equal(await residents.get(thing('attribution', 'a')), 1);
    let beside: readonly number[] = [];
    const b = thing('attribution', 'b');
    const make = async () => {
      beside = [...alive];
      return b.make();
    };
    await residents.get({ ...b, make });
    assert.deepEqual(beside, [2, 3, 4, 5]);
    assert.deepEqual(residents.keys('attribution'), ['b']);
    await residents.get(thing('model', 'm'));
    await residents.get(thing('model', 'q'));
    assert.deepEqual(residents.keys('model'), ['o', 'p', 'm', 'q']);
  });

  it('nothing stays of a maker that failed, and the next one is asked', async () => {
    const residents = createResidents();
    const failing = { make: () => Promise.reject(new Error('no')), release: nothingToRelease };
    await assert.rejects(residents.get({ kind: 'model', key: 'd', ...failing }), /no/);
    assert.deepEqual(residents.keys('model'), []);
    assert.equal(await residents.get(maker().thing('model', 'd')), 1);
  });

  it('asked twice at once, a thing is made once', async () => {
    const residents = createResidents();
    const { thing } = maker();
    assert.deepEqual(
      await Promise.all([residents.get(thing('controls', 'a')), residents.get(thing('controls', 'a'))]),
      [1, 1],
    );
  });
});
