import { internalError } from '../protocol/errors';
import type { Session } from './openSession';

/** Keeps the sessions that were used last; each holds its workspace, so there are few. */
export interface SessionCache {
  /**
   * The session of this key, opened if it is not alive. The least recently used one is released before another is
   * opened, so ask again before each use instead of holding a session.
   */
  get(key: string, open: () => Promise<Session>): Promise<Session>;
  /** Keys of the sessions alive, least recently used first. */
  keys(): readonly string[];
  releaseAll(): Promise<void>;
}

/** @param capacity sessions alive at most, 1 or more */
export function createSessionCache(capacity: number): SessionCache {
  if (!Number.isInteger(capacity) || capacity < 1) throw internalError(`a cache of ${capacity} sessions`);
  // A Map iterates in insertion order: first is least recently used.
  const alive = new Map<string, Promise<Session>>();
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
  const makeRoom = async (): Promise<void> => {
    while (alive.size >= capacity) {
      const [key, session] = alive.entries().next().value!;
      alive.delete(key);
      await release(session);
    }
  };

  const make = async (key: string, open: () => Promise<Session>): Promise<Session> => {
    const known = alive.get(key);
    if (known !== undefined) {
      touch(key, known);
      return known;
    }
    await makeRoom();
    const session = open();
    alive.set(key, session);
    return session.catch((error: unknown) => {
      if (alive.get(key) === session) alive.delete(key);
      throw error;
    });
  };

  return {
    get: (key, open) => {
      // One after another, so that two askers never open the same session or evict each other's.
      const made = making.then(() => make(key, open));
      making = made.catch(() => undefined);
      return made;
    },
    keys: () => [...alive.keys()],
    releaseAll: async () => {
      await making;
      const sessions = [...alive.values()];
      alive.clear();
      await Promise.all(sessions.map(release));
    },
  };
}
