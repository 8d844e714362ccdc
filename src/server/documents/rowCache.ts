import type { RowFacts } from './rowDocument';

/** What one feature found out about rows, kept as long as a row's text stays the same. */
export interface RowCache<T> {
  get(facts: RowFacts): T | undefined;
  set(facts: RowFacts, value: T): void;
}

let caches = 0;

/** A place of its own in every row. (A WeakMap of a hundred thousand rows makes every garbage collection slow.) */
export function createRowCache<T>(): RowCache<T> {
  const slot = caches++;
  return {
    get: ({ slots }) => slots[slot] as T | undefined,
    set: ({ slots }, value) => {
      while (slots.length <= slot) slots.push(undefined);
      slots[slot] = value;
    },
  };
}
