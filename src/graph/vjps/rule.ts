import type { GraphBuilder } from '../builder';
import type { Node, Value } from '../ir';
import type { OpType } from '../operators';

/** One entry an input: makes its cotangent when somebody asks for it; undefined for integers and conditions. */
export type InputCotangents = readonly ((() => Value) | undefined)[];

/**
 * A vector-Jacobian product: from the cotangent of a node's output to those of its inputs. Rules emit operators that
 * have rules, so that gradients can be differentiated again, and never sum over broadcast axes: the reverse walk does.
 */
export type VjpRule<Op extends OpType = OpType> = (
  builder: GraphBuilder,
  node: Node<Op>,
  cotangent: Value,
) => InputCotangents;

/**
 * How an operator takes part in differentiation. Cotangents may be smaller than what they belong to, where all
 * elements along an axis are equal: `broadcastable` means of a shape that broadcasts to the full one.
 */
export type Vjp<Op extends OpType = OpType> =
  /** Takes a cotangent broadcastable to the output's shape, gives cotangents that stand for ones of the output's shape. */
  | { readonly kind: 'elementwise'; readonly rule: VjpRule<Op> }
  /** Takes a cotangent broadcastable to the output's shape, gives ones broadcastable to the input's (or to be summed). */
  | { readonly kind: 'broadcastable'; readonly rule: VjpRule<Op> }
  /** As `broadcastable`, but takes a cotangent of exactly the output's shape. */
  | { readonly kind: 'full'; readonly rule: VjpRule<Op> }
  | { readonly kind: 'nonDifferentiable'; readonly reason: string };

export function elementwise<Op extends OpType>(rule: VjpRule<Op>): Vjp<Op> {
  return { kind: 'elementwise', rule };
}

export function broadcastable<Op extends OpType>(rule: VjpRule<Op>): Vjp<Op> {
  return { kind: 'broadcastable', rule };
}

export function full<Op extends OpType>(rule: VjpRule<Op>): Vjp<Op> {
  return { kind: 'full', rule };
}

export function nonDifferentiable(reason: string): { readonly kind: 'nonDifferentiable'; readonly reason: string } {
  return { kind: 'nonDifferentiable', reason };
}
