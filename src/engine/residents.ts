/** How many things of each kind outlive a job. A trace needs one model with its base, one attribution and its controls. */
const capacities = { model: 4, weights: 4, attribution: 1, controls: 1 } as const;

export type ResidentKind = keyof typeof capacities;

/** A thing that outlives a job. */
export interface Resident<T> {
  readonly kind: ResidentKind;
  readonly key: string;
  readonly make: () => Promise<T>;
  /** Frees what the collector does not: threads, sessions. Called when the thing goes; no job uses it by then. */
  readonly release: (thing: T) => Promise<void>;
}

/** Things that outlive a job, by kind and key: the next job of the same model finds them. */
export interface Residents {
  /**
   * The thing of this kind and key, made if it is not there. Where there are too many of the kind, the least recently used
   * is released before another is made. A maker that fails leaves nothing behind.
   */
  get<T>(resident: Resident<T>): Promise<T>;
  /** Of a kind, least recently used first. */
  keys(kind: ResidentKind): readonly string[];
}

interface Kept {
  readonly thing: Promise<unknown>;
  readonly release: () => Promise<void>;
}

/** For things that the collector frees. */
export const nothingToRelease = (): Promise<void> => Promise.resolve();

export function createResidents(): Residents {
  const kinds = new Map<ResidentKind, Map<string, Kept>>();
  const keptOf = (kind: ResidentKind): Map<string, Kept> => {
    const kept = kinds.get(kind) ?? new Map<string, Kept>();
    kinds.set(kind, kept);
    return kept;
  };
  return {
    get: <T>({ kind, key, make, release }: Resident<T>): Promise<T> => {
      const kept = keptOf(kind);
      const found = kept.get(key);
      if (found !== undefined) {
        kept.delete(key);
        kept.set(key, found);
        // The kind and the key name the sort of thing too, so what was put there has the type that is asked for.
        return found.thing as Promise<T>;
      }
      const gone = [...kept.entries()].slice(0, Math.max(0, kept.size - capacities[kind] + 1));
      for (const [other] of gone) kept.delete(other);
      const thing = (async () => {
        for (const [, other] of gone) await other.release();
        return make();
      })();
      kept.set(key, { thing, release: () => thing.then(release, () => undefined) });
      thing.catch(() => {
        if (kept.get(key)?.thing === thing) kept.delete(key);
      });
      return thing;
    },
    keys: (kind) => [...keptOf(kind).keys()],
  };
}
