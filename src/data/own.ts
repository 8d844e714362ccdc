import type { JsonObject, JsonValue } from '../protocol/json';

/** An object from pairs whose keys are hostile: `__proto__` becomes a plain key. */
export function ownEntries(entries: Iterable<readonly [string, JsonValue]>): JsonObject {
  // fromEntries defines properties, it does not assign them.
  return Object.fromEntries(entries) as JsonObject;
}

/** The object's own value of a key; never something inherited such as `constructor`. */
export function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
