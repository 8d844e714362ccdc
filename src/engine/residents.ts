/** Things that outlive a job, by key: the next job of the same model finds them. The oldest goes when there are too many. */
export interface Residents {
  /** The thing of this key, made if it is not there. A maker that fails leaves nothing behind. */
  get<T>(key: string, make: () => Promise<T>): Promise<T>;
  keys(): readonly string[];
}

/** @param capacity things kept at most */
export function createResidents(capacity: number): Residents {
  const kept = new Map<string, Promise<unknown>>();
  return {
    get: <T>(key: string, make: () => Promise<T>) => {
      // The key names the kind of thing too, so what was put under it has the type that is asked for.
      const found = kept.get(key) as Promise<T> | undefined;
      const thing = found ?? make();
      kept.delete(key);
      kept.set(key, thing);
      if (kept.size > capacity) kept.delete(kept.keys().next().value!);
      thing.catch(() => {
        if (kept.get(key) === thing) kept.delete(key);
      });
      return thing;
    },
    keys: () => [...kept.keys()],
  };
}
