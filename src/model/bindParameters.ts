import type { GraphBuilder } from '../graph/builder';
import { internalError } from '../protocol/errors';
import type { AdapterSource, ParameterSource } from './architectures/linear';
import type { LoraAdapter } from './checkpoint/types';

/** How a graph gets a model's numbers: the base from its files, what the adapter adds or replaces as feeds. */
export interface BoundParameters {
  readonly parameter: ParameterSource;
  readonly adapter: AdapterSource;
}

/** Base weights stay in their files; the adapter's matrices and replaced parameters are inputs, so that graphs are shared. */
export function bindParameters(builder: GraphBuilder, adapter: LoraAdapter | undefined): BoundParameters {
  const input = (name: string, shape: readonly number[]) => builder.input(name, 'float32', shape);
  const known = new Map<string, ReturnType<typeof input>>();
  const once = (name: string, shape: readonly number[]) => {
    const value = known.get(name) ?? input(name, shape);
    known.set(name, value);
    return value;
  };
  return {
    parameter: (name, shape) =>
      adapter?.replaced.has(name) ? once(replacedFeed(name), shape) : builder.weight(name, shape),
    adapter: ({ module: path }) => {
      const lora = adapter?.modules.get(path);
      return (
        lora && {
          a: once(loraFeed(path, 'A'), lora.a.shape),
          b: once(loraFeed(path, 'B'), lora.b.shape),
          scaling: lora.scaling,
        }
      );
    },
  };
}

/** The feeds of a graph built with `bindParameters`: those inputs of `names` that belong to the adapter. */
export function adapterFeeds(
  adapter: LoraAdapter | undefined,
  names: readonly string[],
): Readonly<Record<string, Float32Array>> {
  if (adapter === undefined) return {};
  const all = new Map<string, Float32Array>();
  for (const [path, { a, b }] of adapter.modules) {
    all.set(loraFeed(path, 'A'), a.data);
    all.set(loraFeed(path, 'B'), b.data);
  }
  for (const [name, { data }] of adapter.replaced) all.set(replacedFeed(name), data);
  const wanted = names.filter((name) => name.startsWith(feedPrefix));
  return Object.fromEntries(
    wanted.map((name) => {
      const data = all.get(name);
      if (data === undefined) throw internalError(`the adapter has no ${name}`);
      return [name, data];
    }),
  );
}

const feedPrefix = 'adapter:';

function loraFeed(path: string, factor: 'A' | 'B'): string {
  return `${feedPrefix}${path}.lora_${factor}`;
}

function replacedFeed(name: string): string {
  return `${feedPrefix}${name}`;
}
