import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { canonicalJson } from '../data/hash';
import { makeFolder, writeFully } from '../data/writeFile';
import { inputError, internalError, UserError } from '../protocol/errors';
import type { JsonObject } from '../protocol/json';
import { readStoredJson, writeStoredJson } from './storedJson';
import { isAlive } from './writerIdentity';

/** Who holds a lease. */
export interface LeaseHolder {
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

/** A claim on a job, so that two processes do not do the same work. It is advice: files stay sound without it. */
export interface Lease {
  /** Says that the work goes on. @throws UserError `lease-lost` where someone else took over */
  heartbeat(): Promise<void>;
  /** Gives the lease back; of no effect where it was lost. */
  release(): void;
}

/** A lease whose holder has said nothing for so long counts as given up. Holders should speak every minute. */
export const leaseStaleSeconds = 600;

interface LeaseRecord extends LeaseHolder {
  readonly token: string;
  readonly heartbeat: string;
}

/**
 * Takes the lease of a name. A holder on this machine whose process is gone, or one anywhere that was silent for
 * {@link leaseStaleSeconds}, is replaced. Works by exclusive creation and rename, never by file locks.
 *
 * @param name lower-case letters, digits, dashes
 */
export async function acquireLease(
  storeFolder: string,
  name: string,
): Promise<Lease | { readonly heldBy: LeaseHolder }> {
  if (!/^[a-z0-9][a-z0-9-]{0,150}$/.test(name)) throw internalError(`"${name}" is no name of a lease`);
  const folder = path.join(storeFolder, 'leases');
  makeFolder(folder);
  const file = path.join(folder, `${name}.json`);
  const token = randomBytes(16).toString('hex');
  const now = new Date().toISOString();
  const record: LeaseRecord = { host: os.hostname(), pid: process.pid, since: now, heartbeat: now, token };
  // Each round either ends or removes a stale lease; another process may create one in between.
  for (let round = 0; round < 10; round += 1) {
    if (create(file, record)) return leaseOf(file, record);
    const held = readLease(file);
    if (held === undefined) continue;
    if (!isStale(held)) return { heldBy: { host: held.host, pid: held.pid, since: held.since } };
    removeStale(file, held);
  }
  const held = readLease(file);
  return { heldBy: held ?? { host: 'unknown', pid: 0, since: now } };
}

/** Every lease that is held now and not stale. */
export function heldLeases(storeFolder: string): readonly (LeaseHolder & { readonly name: string })[] {
  const folder = path.join(storeFolder, 'leases');
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    // No lease was ever taken.
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => {
    if (name.startsWith('.') || !name.endsWith('.json')) return [];
    const held = readLease(path.join(folder, name));
    if (held === undefined || isStale(held)) return [];
    return [{ name: name.slice(0, -'.json'.length), host: held.host, pid: held.pid, since: held.since }];
  });
}

/** Runs `work` under a lease. @throws UserError `store-busy` where another process holds it */
export async function withLease<T>(storeFolder: string, name: string, work: () => Promise<T>): Promise<T> {
  const lease = await acquireLease(storeFolder, name);
  if ('heldBy' in lease) throw busyError(storeFolder, lease.heldBy);
  try {
    return await work();
  } finally {
    lease.release();
  }
}

export function busyError(storeFolder: string, { host, pid, since }: LeaseHolder): UserError {
  return inputError(
    'store-busy',
    `${storeFolder} is being worked on by process ${pid} on ${host}, since ${since}.`,
    'Wait until it is done, or end it.',
  );
}

function leaseOf(file: string, record: LeaseRecord): Lease {
  const isOurs = () => readLease(file)?.token === record.token;
  return {
    async heartbeat() {
      if (!isOurs()) {
        throw inputError('lease-lost', `${file} was taken over by another process.`, 'Run the command again.');
      }
      await writeStoredJson(file, { ...record, heartbeat: new Date().toISOString() });
    },
    release() {
      if (isOurs()) rmSync(file, { force: true });
    },
  };
}

/** Creates the file with its content, or finds that there is one. */
function create(file: string, record: LeaseRecord): boolean {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${record.token}.part`);
  const descriptor = openSync(temporary, 'wx', 0o644);
  try {
    writeFully(descriptor, Buffer.from(canonicalJson({ ...record })));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    return linkOrCreate(temporary, file, record);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** A hard link appears with its content and fails where the name is taken; file systems without links get a new file. */
function linkOrCreate(temporary: string, file: string, record: LeaseRecord): boolean {
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
  }
  try {
    const descriptor = openSync(file, 'wx', 0o644);
    try {
      writeFully(descriptor, Buffer.from(canonicalJson({ ...record })));
    } finally {
      closeSync(descriptor);
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Takes a stale lease away; one that another process put there meanwhile is put back. */
function removeStale(file: string, stale: LeaseRecord): void {
  const aside = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.part`);
  try {
    renameSync(file, aside);
  } catch (error) {
    // Another process took it away first.
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const taken = readLease(aside);
  if (taken !== undefined && taken.token !== stale.token) linkOrCreate(aside, file, taken);
  rmSync(aside, { force: true });
}

/** undefined: there is none. A damaged file counts as one that is stale. */
function readLease(file: string): LeaseRecord | undefined {
  const value = readStoredJson(file);
  if (value instanceof UserError) {
    if (value.code === 'file-missing') return undefined;
    return { host: os.hostname(), pid: 0, since: '', heartbeat: '', token: '' };
  }
  return leaseRecord(value);
}

function leaseRecord({ host, pid, since, heartbeat, token }: JsonObject): LeaseRecord {
  return {
    host: typeof host === 'string' ? host : '',
    pid: typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? pid : 0,
    since: typeof since === 'string' ? since : '',
    heartbeat: typeof heartbeat === 'string' ? heartbeat : '',
    token: typeof token === 'string' ? token : '',
  };
}

function isStale({ host, pid, heartbeat }: LeaseRecord): boolean {
  if (host === os.hostname() && (pid === 0 || !isAlive(pid))) return true;
  const silent = Date.now() - Date.parse(heartbeat);
  // A heartbeat that cannot be read was never spoken.
  return !(silent <= leaseStaleSeconds * 1000);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
