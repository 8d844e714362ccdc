import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createJobQueue } from '../../src/jobs/createJobQueue';

const never = new AbortController().signal;

describe('createJobQueue', () => {
  it('runs one at a time, in the order they came, whatever each takes and however it ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ turns: fc.nat(4), fails: fc.boolean() }), { maxLength: 8 }),
        async (jobs) => {
          const queue = createJobQueue();
          const began: number[] = [];
          let running = 0;
          const ends = jobs.map(({ turns, fails }, i) =>
            queue.enqueue(never, async () => {
              began.push(i);
              running += 1;
              assert.equal(running, 1);
              for (let turn = 0; turn < turns; turn++) await Promise.resolve();
              running -= 1;
              if (fails) throw new Error(`${i}`);
              return i;
            }),
          );
          const settled = await Promise.allSettled(ends);
          assert.deepEqual(
            settled.map(({ status }) => status === 'rejected'),
            jobs.map(({ fails }) => fails),
          );
          assert.deepEqual(
            began,
            jobs.map((_, i) => i),
          );
          assert.equal(queue.length, 0);
        },
      ),
    );
  });

  it('one that is taken out while it waits never begins, and lets nobody overtake', async () => {
    const queue = createJobQueue();
    const order: string[] = [];
    let endFirst: () => void = () => undefined;
    const first = queue.enqueue(never, () => {
      order.push('first begins');
      return new Promise<void>((resolve) => {
        endFirst = () => {
          order.push('first ends');
          resolve();
        };
      });
    });
    const taken = new AbortController();
    const second = queue.enqueue(taken.signal, async () => order.push('second'));
    const third = queue.enqueue(never, async () => order.push('third'));
    taken.abort();
    await assert.rejects(second);
    assert.deepEqual(order, ['first begins']);
    endFirst();
    await Promise.all([first, third]);
    assert.deepEqual(order, ['first begins', 'first ends', 'third']);
  });
});
