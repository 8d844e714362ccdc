import type { GraphBuilder } from './builder';
import type { Value } from './ir';

/**
 * Appends copies of values, each computed from the start of its segment; made once, and given again when asked again.
 *
 * @param segments of the values that may be copied
 * @param held values that are never copied: those at which segments end
 * @returns a function that gives the copy of a value as a reader in `segment` sees it: held values, sources and values of
 *   other segments as they are
 */
export function copiesWithinSegments(
  builder: GraphBuilder,
  segments: ReadonlyMap<Value, number>,
  held: ReadonlySet<Value>,
): (value: Value, segment: number | undefined) => Value {
  const copies = new Map<Value, Value>();
  const copyWithin = (value: Value, segment: number | undefined): Value => {
    const node = builder.producerOf(value);
    if (node === undefined || segment === undefined || segments.get(value) !== segment || held.has(value)) return value;
    const known = copies.get(value);
    if (known !== undefined) return known;
    // Appended, not interned: the copy must not be found to be the original.
    const inputs = node.inputs.map((input) => copyWithin(input, segment));
    const copy = builder.append(node.opType, inputs, node.attributes);
    copies.set(value, copy);
    return copy;
  };
  return copyWithin;
}
