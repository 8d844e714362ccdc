import type { GraphBuilder } from './builder';
import type { Node, Value } from './ir';
import { unsigned } from './vjps/product';

/**
 * Sum of the cotangents that flow into one value, left to right, so that the order of additions is fixed.
 * Slices of one value that lie side by side give zeros padded around each of their cotangents: those are joined by one
 * concatenation instead of being added.
 */
export function sumCotangents(builder: GraphBuilder, parts: readonly Value[]): Value {
  return joinPadded(builder, parts).reduce((sum, part) => signedSum(builder, sum, part));
}

/** a + b, by one subtraction where one of them is negated. */
function signedSum(builder: GraphBuilder, a: Value, b: Value): Value {
  const [minusA, minusB] = [unsigned(builder, a), unsigned(builder, b)];
  if (minusB !== undefined) return builder.sub(a, minusB);
  return minusA === undefined ? builder.add(a, b) : builder.sub(b, minusA);
}

function joinPadded(builder: GraphBuilder, parts: readonly Value[]): readonly Value[] {
  const padded: Node<'Pad'>[] = [];
  const others: Value[] = [];
  for (const part of parts) {
    const node = builder.producerOf(part);
    const axis = padded[0]?.attributes.axis;
    if (node !== undefined && isPad(node) && (axis === undefined || node.attributes.axis === axis)) padded.push(node);
    else others.push(part);
  }
  if (padded.length < 2) return parts;
  padded.sort((a, b) => a.attributes.before - b.attributes.before);

  const joined: Value[] = [];
  let run: Node<'Pad'>[] = [];
  const close = (): void => {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) return;
    const { axis, before } = first.attributes;
    const inside = run.map(({ inputs }) => inputs[0]!);
    joined.push(builder.pad(builder.concat(inside, axis), axis, before, last.attributes.after));
    run = [];
  };
  for (const node of padded) {
    const last = run.at(-1);
    if (last !== undefined && endOf(last) !== node.attributes.before) close();
    run.push(node);
  }
  close();
  return [...joined, ...others];
}

function isPad(node: Node): node is Node<'Pad'> {
  return node.opType === 'Pad';
}

/** Index after the last element that is not padding. */
function endOf({ inputs, attributes }: Node<'Pad'>): number {
  return attributes.before + inputs[0]!.shape[attributes.axis]!;
}
