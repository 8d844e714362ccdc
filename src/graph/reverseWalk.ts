import { internalError } from '../protocol/errors';
import type { GraphBuilder } from './builder';
import { type Node, sizeOf, type Value } from './ir';
import { broadcastShapes, type OpType } from './operators';
import { sumCotangents } from './sumCotangents';
import { unbroadcast } from './unbroadcast';
import type { Vjp } from './vjps/rule';
import { vjps } from './vjps/table';

/** Where a reverse walk starts: a value and its cotangent, which is broadcastable to the value's shape. */
export interface Seed {
  readonly output: Value;
  readonly cotangent: Value;
}

/** The node that a rule is shown in place of one of the forward pass: the same application, perhaps computed again. */
export type NodeView = (node: Node) => Node;

/**
 * The reverse walk behind every gradient: cotangents flow from the seeds through the rules to `wrt`.
 *
 * @param nodes what is walked, in topological order
 * @param output a float32 value of one element, or values with their cotangents
 * @returns the cotangent of each of `wrt`, of its shape
 */
export function reverseWalk(
  builder: GraphBuilder,
  nodes: readonly Node[],
  output: Value | readonly Seed[],
  wrt: readonly Value[],
  view: NodeView,
): readonly Value[] {
  const seeds = isSeeds(output) ? output : [scalarSeed(builder, output)];
  const active = activeValues(nodes, wrt);

  const contributions = new Map<Value, Value[]>();
  const contribute = (value: Value, cotangent: Value): void => {
    const known = contributions.get(value);
    if (known === undefined) contributions.set(value, [cotangent]);
    else known.push(cotangent);
  };
  for (const seed of seeds) contribute(seed.output, seed.cotangent);

  const totals = new Map<Value, Value>();
  const total = (value: Value): Value | undefined => {
    const parts = contributions.get(value);
    if (parts === undefined || totals.has(value)) return totals.get(value);
    const sum = sumCotangents(builder, parts);
    totals.set(value, sum);
    return sum;
  };

  for (const node of nodes.toReversed()) {
    if (!active.has(node.output)) continue;
    const cotangent = total(node.output);
    if (cotangent === undefined) continue;
    for (const { input, part } of inputParts(builder, node, view, cotangent, active)) contribute(input, part);
  }
  return wrt.map((value) => builder.expand(total(value) ?? builder.scalar(0), value.shape));
}

function isSeeds(output: Value | readonly Seed[]): output is readonly Seed[] {
  return Array.isArray(output);
}

function scalarSeed(builder: GraphBuilder, output: Value): Seed {
  if (sizeOf(output.shape) !== 1) throw internalError(`${output.name} [${output.shape}] is no scalar`);
  return { output, cotangent: builder.scalar(1) };
}

/** Values that depend differentiably on `wrt`: nothing else gets a cotangent. */
function activeValues(nodes: readonly Node[], wrt: readonly Value[]): ReadonlySet<Value> {
  for (const { name, type } of wrt) {
    if (type !== 'float32') throw internalError(`no gradient with respect to ${name}, which is ${type}`);
  }
  const active = new Set<Value>(wrt);
  for (const { opType, inputs, output } of nodes) {
    if (output.type !== 'float32' || vjps[opType].kind === 'nonDifferentiable') continue;
    if (inputs.some((input) => active.has(input))) active.add(output);
  }
  return active;
}

interface InputPart {
  readonly input: Value;
  readonly part: Value;
}

/** Cotangents of a node's active inputs, broadcastable to their shapes. */
function inputParts(
  builder: GraphBuilder,
  node: Node,
  view: NodeView,
  cotangent: Value,
  active: ReadonlySet<Value>,
): readonly InputPart[] {
  if (!node.inputs.some((input) => active.has(input))) return [];
  // The table is indexed by the node's own operator, so rule and node agree.
  const vjp = vjps[node.opType] as Vjp<OpType>;
  if (vjp.kind === 'nonDifferentiable') return [];
  const taken = vjp.kind === 'full' ? builder.expand(cotangent, node.output.shape) : cotangent;
  const cotangents = vjp.rule(builder, view(node), taken);
  return node.inputs.flatMap((input, index) => {
    const make = cotangents[index];
    if (make === undefined || !active.has(input)) return [];
    const part = make();
    const repeated = vjp.kind === 'elementwise' ? node.output.shape : broadcastShapes(part.shape, input.shape);
    return [{ input, part: unbroadcast(builder, part, repeated, input.shape) }];
  });
}
