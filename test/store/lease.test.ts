import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../src/protocol/errors';
import { acquireLease, heldLeases, type Lease, leaseStaleSeconds, withLease } from '../../src/store/lease';
import { withStore } from './support/vectors';

async function take(store: string, name: string): Promise<Lease> {
  const lease = await acquireLease(store, name);
  assert.ok(!('heldBy' in lease));
  return lease;
}

function edit(store: string, name: string, change: Record<string, unknown>): void {
  const file = path.join(store, 'leases', `${name}.json`);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));
}

/** The id of a process that has ended. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

describe('leases', () => {
  it('one of many that ask at once gets it, and the next one after it was given back', async () => {
    await withStore(async (store) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => acquireLease(store, 'job')));
      const won = answers.filter((answer) => !('heldBy' in answer));
      assert.equal(won.length, 1);
      assert.deepEqual(
        heldLeases(store).map(({ name, pid }) => [name, pid]),
        [['job', process.pid]],
      );
      (won[0] as Lease).release();
      assert.deepEqual(heldLeases(store), []);
      (await take(store, 'job')).release();
      assert.deepEqual(readdirSync(path.join(store, 'leases')), []);
    });
  });

  it('says who holds it', async () => {
    await withStore(async (store) => {
      await take(store, 'job');
      const answer = await acquireLease(store, 'job');
      assert.ok('heldBy' in answer);
      assert.equal(answer.heldBy.pid, process.pid);
      await assert.rejects(
        withLease(store, 'job', async () => undefined),
        (error) =>
          error instanceof UserError && error.code === 'store-busy' && error.message.includes(String(process.pid)),
      );
    });
  });

  it('that of a dead process of this machine is taken over at once', async () => {
    await withStore(async (store) => {
      await take(store, 'job');
      edit(store, 'job', { pid: deadPid() });
      await take(store, 'job');
    });
  });

  it('that of another machine is taken over when it was silent for long, and not before', async () => {
    await withStore(async (store) => {
      const lost = await take(store, 'job');
      const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
      edit(store, 'job', { host: 'elsewhere', pid: deadPid(), heartbeat: ago(leaseStaleSeconds - 60) });
      assert.ok('heldBy' in (await acquireLease(store, 'job')));
      edit(store, 'job', { heartbeat: ago(leaseStaleSeconds + 60) });
      const winner = await take(store, 'job');
      await assert.rejects(lost.heartbeat(), (error) => error instanceof UserError && error.code === 'lease-lost');
      // What was lost cannot be given back.
      lost.release();
      await winner.heartbeat();
      assert.ok('heldBy' in (await acquireLease(store, 'job')));
    });
  });

  it('a damaged one keeps nobody out', async () => {
    await withStore(async (store) => {
      for (const text of ['', '{', '[]', '{"host":1,"pid":-1}']) {
        const lease = await take(store, 'job');
        writeFileSync(path.join(store, 'leases', 'job.json'), text);
        (await take(store, 'job')).release();
        lease.release();
      }
    });
  });
});
