import { internalError } from '../protocol/errors';
import type { Session } from './openSession';

/** Keeps the sessions that were used last; each holds its workspace, so there are few. */
export interface SessionCache {
  /**
   * The session of this key, opened if it is not alive. Where there are too many, the least recently used one is released
   * before another is opened, so ask again before each use instead of holding a session.
   */
  get(key: string, open: () => Promise<Session>): Promise<Session>;
  /**
   * As `get`, for a session of which is known what it holds: others of that kind are released first where all would hold
   * more than `mostBytes` together.
   */
  getWithin(key: string, mostBytes: number, prepare: () => SizedSession): Promise<Session>;
  /** Keys of the sessions alive, least recently used first. */
  keys(): readonly string[];
  releaseAll(): Promise<void>;
}

/** A session that is not open yet. */
export interface SizedSession {
  /** What it will hold. */
  readonly bytes: number;
  readonly open: () => Promise<Session>;
}

/** Sessions alive at most, 1 or more of each. */
export interface SessionLimits {
  /** Those of which is known what they hold. */
  readonly sized: number;
  readonly others: number;
}

export function createSessionCache(limits: SessionLimits): SessionCache {
  for (const limit of [limits.sized, limits.others])
    if (!Number.isInteger(limit) || limit < 1) throw internalError(`a cache of ${limit} sessions`);
  // A Map iterates in insertion order: first is least recently used.
  const alive = new Map<string, Promise<Session>>();
  const held = new Map<string, number>();
  let making: Promise<unknown> = Promise.resolve();

  const touch = (key: string, session: Promise<Session>): void => {
    alive.delete(key);
    alive.set(key, session);
  };
  const release = async (session: Promise<Session>): Promise<void> => {
    // One that failed to open was reported to whoever asked for it and has nothing to free.
    const opened = await session.catch(() => undefined);
    await opened?.release();
  };
  const drop = async (key: string): Promise<void> => {
    const session = alive.get(key)!;
    alive.delete(key);
    held.delete(key);
    await release(session);
  };
  const makeRoom = async (bytes: number, most: number): Promise<void> => {
    const kind = bytes > 0 ? 'sized' : 'others';
    const alike = [...alive.keys()].filter((key) => held.has(key) === (kind === 'sized'));
    for (const key of alike.slice(0, Math.max(0, alike.length - limits[kind] + 1))) await drop(key);
    for (const key of [...alive.keys()]) {
      const sum = [...held.values()].reduce((total, one) => total + one, bytes);
      if (sum > most && held.has(key)) await drop(key);
    }
  };

  const make = async (key: string, most: number, prepare: () => SizedSession): Promise<Session> => {
    const known = alive.get(key);
    if (known !== undefined) {
      touch(key, known);
      return known;
    }
    const { bytes, open } = prepare();
    await makeRoom(bytes, most);
    const session = open();
    alive.set(key, session);
    if (bytes > 0) held.set(key, bytes);
    return session.catch((error: unknown) => {
      if (alive.get(key) === session) {
        alive.delete(key);
        held.delete(key);
      }
      throw error;
    });
  };
  const get = (key: string, most: number, prepare: () => SizedSession): Promise<Session> => {
    // One after another, so that two askers never open the same session or evict each other's.
    const made = making.then(() => make(key, most, prepare));
    making = made.catch(() => undefined);
    return made;
  };

  return {
    get: (key, open) => get(key, Number.POSITIVE_INFINITY, () => ({ bytes: 0, open })),
    getWithin: get,
    keys: () => [...alive.keys()],
    releaseAll: async () => {
      await making;
      const sessions = [...alive.values()];
      alive.clear();
      held.clear();
      await Promise.all(sessions.map(release));
    },
  };
}
